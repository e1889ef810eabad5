import { useI18n } from '../i18n';
import { Field } from './forms';

/** A file of the device. The browser's own field speaks the browser's language; this one speaks the page's. */
export function FileField({
  label,
  hint,
  error,
  accept,
  file,
  onFile,
}: {
  label: string;
  hint: string;
  error: string | undefined;
  accept: string;
  file: File | undefined;
  onFile: (file: File | undefined) => void;
}) {
  const { t } = useI18n();
  return (
    <Field label={label} hint={hint} {...(error === undefined ? {} : { error })}>
      {(ids) => (
        <div className="file">
          <input
            {...ids}
            type="file"
            className="unseen"
            accept={accept}
            required
            onChange={(event) => onFile(event.target.files?.[0])}
          />
          <label htmlFor={ids.id} className="button plain" aria-hidden="true">
            {t('file.choose')}
          </label>
          <span>{file?.name ?? t('file.none')}</span>
        </div>
      )}
    </Field>
  );
}

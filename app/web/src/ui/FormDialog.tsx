import type { ReactNode, SubmitEvent } from 'react';
import type { Problem } from '../api/problem';
import { useI18n } from '../i18n';
import { Dialog } from './Dialog';
import { Button } from './forms';
import { Failure } from './page';

/** A form over the page: what is asked for, what went wrong, and both ways out. */
export function FormDialog({
  title,
  onClose,
  onSubmit,
  sending,
  go,
  kind = 'main',
  wide = false,
  retry,
  below,
  children,
}: {
  title: ReactNode;
  onClose: () => void;
  onSubmit: () => void;
  sending: { readonly busy: boolean; readonly problem: Problem | undefined };
  /** What the button says that sends it. */
  go: ReactNode;
  kind?: 'main' | 'danger';
  wide?: boolean;
  retry?: () => void;
  /** What stands below the form, and is not sent with it. */
  below?: ReactNode;
  children: ReactNode;
}) {
  const { t } = useI18n();
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    onSubmit();
  };
  return (
    <Dialog open firm wide={wide} onClose={onClose} title={title}>
      <form className={wide ? 'form wide' : 'form'} onSubmit={submit}>
        {children}
        <Failure problem={sending.problem} retry={retry} />
        <div className="row end">
          <Button onClick={onClose}>{t('dialog.cancel')}</Button>
          <Button kind={kind} type="submit" busy={sending.busy}>
            {go}
          </Button>
        </div>
      </form>
      {below}
    </Dialog>
  );
}

import { api, data } from '../../api/client';
import { useSend } from '../../api/send';
import { useI18n } from '../../i18n';
import { Button } from '../../ui/forms';
import { Icon } from '../../ui/Icon';
import { Failure } from '../../ui/page';
import { saveFile } from '../../ui/saveFile';
import { extensionOf } from './document-types';

/** A document of a record, to be kept on this device. It is never shown inside the page. */
export function OpenDocument({ patient, title, attachment }: { patient: string; title: string; attachment: string }) {
  const { t } = useI18n();
  const fetching = useSend(async (document: string) => {
    const answer: Blob = await data(
      api().GET('/api/v1/patients/{id}/documents/{document}', {
        params: { path: { id: patient, document } },
        parseAs: 'blob',
      }),
    );
    saveFile(answer, `${title.replace(/[^\p{L}\p{N} _-]+/gu, '-')}.${extensionOf(answer.type)}`);
  });
  return (
    <>
      <Button
        kind="quiet"
        busy={fetching.busy}
        onClick={() => void fetching.send(attachment)}
        aria-label={t('document.save-of', { title })}
      >
        <Icon name="download" size={16} /> {t('document.save')}
      </Button>
      <Failure problem={fetching.problem} />
    </>
  );
}

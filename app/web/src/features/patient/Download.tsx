import { api, data } from '../../api/client';
import { useSend } from '../../api/send';
import { useI18n } from '../../i18n';
import { dayIn } from '../../i18n/format';
import { Button } from '../../ui/forms';
import { Icon } from '../../ui/Icon';
import { Failure } from '../../ui/page';
import { saveFile } from '../../ui/saveFile';

/** Everything about a person: as a page to read, or for another program. */
export function Download({ patient }: { patient: string }) {
  const { t, f } = useI18n();
  const params = { path: { id: patient } };
  const fetching = useSend(async (kind: 'html' | 'json') => {
    const options = { params, parseAs: 'blob' } as const;
    const content: Blob =
      kind === 'html'
        ? await data(api().GET('/api/v1/patients/{id}/export.html', options))
        : await data(api().GET('/api/v1/patients/{id}/export', options));
    saveFile(content, `galeno-${dayIn(f.zone)}.${kind}`);
  });
  return (
    <>
      <Failure problem={fetching.problem} />
      <div className="row">
        <Button busy={fetching.busy} onClick={() => void fetching.send('html')}>
          <Icon name="download" /> {t('download.page')}
        </Button>
        <Button busy={fetching.busy} onClick={() => void fetching.send('json')}>
          <Icon name="download" /> {t('download.data')}
        </Button>
      </div>
    </>
  );
}

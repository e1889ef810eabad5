import { api, data } from '../../api/client';
import { useSend } from '../../api/send';
import { useMe } from '../../app/session';
import { useI18n } from '../../i18n';
import { dayIn } from '../../i18n/format';
import { Button } from '../../ui/forms';
import { Icon } from '../../ui/Icon';
import { Failure } from '../../ui/page';

/** Hands a file to the person. It goes from the answer to their device, and nowhere else. */
function save(content: Blob, name: string) {
  const address = URL.createObjectURL(content);
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

/** Everything about me: as a page to read, or for another program. */
export function Download() {
  const me = useMe();
  const { t, f } = useI18n();
  const params = { path: { id: me.person } };
  const fetching = useSend(async (kind: 'html' | 'json') => {
    const options = { params, parseAs: 'blob' } as const;
    const content: Blob =
      kind === 'html'
        ? await data(api().GET('/api/v1/patients/{id}/export.html', options))
        : await data(api().GET('/api/v1/patients/{id}/export', options));
    save(content, `galeno-${dayIn(f.zone)}.${kind}`);
  });
  return (
    <>
      <p className="hint">{t('download.lead')}</p>
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

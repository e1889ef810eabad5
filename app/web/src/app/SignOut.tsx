import { useQueryClient } from '@tanstack/react-query';
import { useSend } from '../api/send';
import { useI18n } from '../i18n';
import { Dialog } from '../ui/Dialog';
import { Button } from '../ui/forms';
import { problemWords } from '../ui/page';
import { signOut } from './session';

/** Signing out; when it fails, `failure` says so until somebody has read it. */
export function useSignOut() {
  const { t } = useI18n();
  const client = useQueryClient();
  const sending = useSend((_: 'out', key) => signOut(client, key));
  const { problem, busy, forget } = sending;
  const leave = () => void sending.send('out');
  const failure = (
    <Dialog open={problem !== undefined} onClose={forget} title={t('out.failed')}>
      <div role="alert">
        {problem ? <p>{problemWords(problem, t).title}</p> : null}
        <p>{t('out.failed-text')}</p>
      </div>
      <div className="row end">
        <Button onClick={forget}>{t('dialog.close')}</Button>
        <Button kind="danger" busy={busy} onClick={leave}>
          {t('out.again')}
        </Button>
      </div>
    </Dialog>
  );
  return { leave, busy, failure };
}

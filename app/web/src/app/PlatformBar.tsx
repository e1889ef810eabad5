import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { api, data } from '../api/client';
import { usePlatform } from '../api/platform';
import { useI18n } from '../i18n';
import { Button } from '../ui/forms';
import { Icon } from '../ui/Icon';

/** What everybody must know about the platform now: it does not answer, it is being restored, it is slow. */
export function PlatformBar() {
  const { trouble, again, slow } = usePlatform();
  const { t, word } = useI18n();
  const client = useQueryClient();
  const left = useSecondsTo(again);
  useEffect(() => {
    if (trouble === undefined || again === undefined) return;
    // Whoever waits with something typed is told when it can be sent: the page asks, though nothing on it needs to be read.
    const timer = setTimeout(
      () => void data(api().GET('/api/v1/auth/me')).catch(() => undefined),
      Math.max(again - Date.now(), 1000),
    );
    return () => clearTimeout(timer);
  }, [trouble, again]);
  if (trouble !== undefined) {
    return (
      <div className="platform trouble" role="alert">
        <Icon name="warning" />
        <p>
          <strong>{word('trouble', trouble)}</strong> {t('trouble.kept')}{' '}
          <span aria-hidden="true">{left > 0 ? t('trouble.again', { seconds: left }) : t('trouble.asking')}</span>
        </p>
        <Button kind="quiet" onClick={() => void client.refetchQueries({ type: 'active' }, { cancelRefetch: true })}>
          {t('trouble.now')}
        </Button>
      </div>
    );
  }
  return slow ? (
    <div className="platform slow" role="status">
      <p>{t('trouble.slow')}</p>
    </div>
  ) : null;
}

function useSecondsTo(at: number | undefined): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (at === undefined) return;
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [at]);
  return at === undefined ? 0 : Math.max(0, Math.ceil((at - now) / 1000));
}

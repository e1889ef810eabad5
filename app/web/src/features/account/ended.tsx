import { useQueryClient } from '@tanstack/react-query';
import { api, data } from '../../api/client';
import { sessionEnded } from '../../api/platform';
import { organizationQuery, signedIn, type Me } from '../../app/session';
import { useI18n } from '../../i18n';
import { Dialog } from '../../ui/Dialog';
import { SignInForm } from './SignInForm';

/** The session ended while somebody was at work: they sign in here, and go on where they were. */
export function SessionEnded({ me }: { me: Me }) {
  const { t } = useI18n();
  const client = useQueryClient();
  const organization = client.getQueryData(organizationQuery.queryKey)?.slug;
  const leave = async () => {
    // Another tab may have signed in meanwhile.
    try {
      await data(api().GET('/api/v1/auth/me'));
      sessionEnded(false);
      await client.invalidateQueries();
    } catch {
      window.location.assign('/sign-in');
    }
  };
  return (
    <Dialog open firm title={t('ended.title')} onClose={() => void leave()}>
      <p>{t('ended.text')}</p>
      <SignInForm organization={organization} username={me.username} onDone={() => void signedIn(client, me.person)} />
    </Dialog>
  );
}

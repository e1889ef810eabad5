import { useMe } from '../../app/session';
import { useI18n } from '../../i18n';
import { Page, Section } from '../../ui/page';
import { AccessLines } from './AccessLines';

/** Who looked at my record, what I agreed to, and my data to take away. */
export function PrivacyPage() {
  const me = useMe();
  const { t } = useI18n();
  return (
    <Page title={t('privacy.title')} lead={t('privacy.lead')}>
      <Section title={t('privacy.access')}>
        <AccessLines patient={me.person} />
      </Section>
    </Page>
  );
}

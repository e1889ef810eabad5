import { useMe } from '../../app/session';
import { useI18n } from '../../i18n';
import { Page, Section } from '../../ui/page';
import { AccessLines } from './AccessLines';
import { Consents } from './Consents';
import { Download } from './Download';

/** What I agreed to, my data to take away, and who looked at my record. */
export function PrivacyPage() {
  const me = useMe();
  const { t } = useI18n();
  return (
    <Page title={t('privacy.title')} lead={t('privacy.lead')}>
      <Section title={t('consent.title')}>
        <Consents />
      </Section>
      <Section title={t('download.title')}>
        <Download />
      </Section>
      <Section title={t('privacy.access')}>
        <AccessLines patient={me.person} />
      </Section>
    </Page>
  );
}

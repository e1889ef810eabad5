import { useQuery } from '@tanstack/react-query';
import { patientQuery } from '../../app/names';
import { useSubject } from '../../app/subject';
import { useI18n } from '../../i18n';
import { Notice, Page, Section } from '../../ui/page';
import { Guardians, guardiansQuery } from '../chart/Guardians';
import { Requests } from '../rights/Requests';
import { AccessLines } from './AccessLines';
import { Consents } from './Consents';
import { Download } from './Download';
import { lasts } from './queries';

/** What I agreed to, my rights over my data, my data to take away, and who looked at my record. */
export function PrivacyPage() {
  const { id } = useSubject();
  const { t } = useI18n();
  const own = useQuery(patientQuery(id));
  const guardians = useQuery(guardiansQuery(id));
  return (
    <Page title={t('privacy.title')} lead={t('privacy.lead')}>
      {own.data?.restricted ? (
        <Notice kind="warning" title={t('restriction.yours')}>
          <p>{t('restriction.yours-text')}</p>
        </Notice>
      ) : null}
      <Section title={t('rights.yours')}>
        <p className="hint">{t('rights.yours-text')}</p>
        <Requests patient={id} />
      </Section>
      <Section title={t('consent.title')}>
        <Consents patient={id} />
      </Section>
      {guardians.data?.some((each) => lasts(each)) ? (
        <Section title={t('guardians.yours')}>
          <Guardians patient={id} />
        </Section>
      ) : null}
      <Section title={t('download.title')}>
        <p className="hint">{t('download.lead')}</p>
        <Download patient={id} />
      </Section>
      <Section title={t('privacy.access')}>
        <AccessLines patient={id} />
      </Section>
    </Page>
  );
}

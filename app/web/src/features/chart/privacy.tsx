import { can } from '../../app/permissions';
import { useMe } from '../../app/session';
import { useI18n } from '../../i18n';
import { Section } from '../../ui/page';
import { Consents } from '../patient/Consents';
import { usePatient } from './chart';
import { Guardians } from './Guardians';

/** What the patient agreed to, and who acts for them. */
export function Privacy() {
  const patient = usePatient();
  const me = useMe();
  const { t } = useI18n();
  return (
    <>
      <Section title={t('guardians.title')}>
        <Guardians patient={patient.id} />
      </Section>
      {can(me.role, 'consent.read') ? (
        <Section title={t('consent.of-patient')}>
          <Consents patient={patient.id} />
        </Section>
      ) : null}
    </>
  );
}

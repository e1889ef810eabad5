import { useI18n } from '../../i18n';
import { Section } from '../../ui/page';
import { AccessLines } from '../patient/AccessLines';
import { usePatient } from './chart';

/** Who saw or changed the record that is open. */
export function Accesses() {
  const patient = usePatient();
  const { t } = useI18n();
  return (
    <Section title={t('chart.accesses')}>
      <AccessLines patient={patient.id} />
    </Section>
  );
}

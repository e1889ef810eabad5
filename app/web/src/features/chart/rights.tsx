import { can } from '../../app/permissions';
import { useMe } from '../../app/session';
import { useI18n } from '../../i18n';
import { Section } from '../../ui/page';
import { Download } from '../patient/Download';
import { Erase } from '../rights/Erase';
import { Requests } from '../rights/Requests';
import { Restriction } from '../rights/Restriction';
import { usePatient } from './chart';

/** A person's rights over their data: what was asked for, and, for the office, what is done about it. */
export function Rights() {
  const patient = usePatient();
  const me = useMe();
  const { t } = useI18n();
  const decides = can(me.role, 'data.rights');
  return (
    <>
      <Section title={t('rights.of-patient')}>
        <Requests patient={patient.id} />
      </Section>
      <Section title={t('restriction.title')}>
        <Restriction patient={patient} />
      </Section>
      {can(me.role, 'data.export') ? (
        <Section title={t('rights.hand-over')}>
          <p className="hint">{t('rights.hand-over-text')}</p>
          <Download patient={patient.id} />
        </Section>
      ) : null}
      {decides && !patient.erased_at ? (
        <Section title={t('erasure.title')}>
          <Erase patient={patient} />
        </Section>
      ) : null}
    </>
  );
}

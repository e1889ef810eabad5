import { actFor, useSubject } from '../../app/subject';
import { full } from '../../app/names';
import { useI18n } from '../../i18n';
import { Segments } from '../../ui/forms';

/** Whose data is shown, for whoever acts for others: always in sight, so that nobody books for the wrong child. */
export function ActFor() {
  const { t } = useI18n();
  const { ward, wards } = useSubject();
  if (wards.length === 0) return null;
  return (
    <section className={ward ? 'act-for somebody' : 'act-for'} aria-label={t('act-for.label')}>
      <span aria-hidden="true">{t('act-for.label')}</span>
      <Segments
        label={t('act-for.label')}
        value={ward?.patient ?? ''}
        onValue={(id) => actFor(id === '' ? undefined : id)}
        choices={[
          { value: '', label: t('act-for.me') },
          ...wards.map((each) => ({ value: each.patient, label: full(each) })),
        ]}
      />
    </section>
  );
}

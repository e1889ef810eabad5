import { useI18n } from '../../i18n';
import { Chart } from '../../ui/Chart';
import { Empty } from '../../ui/page';
import type { Entry } from '../patient/queries';
import { unitWords } from './entry';
import { series } from './vital-signs';

/** Each measurement over time; what was measured last comes first. */
export function VitalCharts({ entries }: { entries: readonly Entry[] }) {
  const { t, word } = useI18n();
  // In the reader's language what is known by its code; the rest as whoever measured it called it.
  const named = (loinc: string, description: string) => {
    const known = word('vital', loinc);
    return known === loinc ? description : known;
  };
  const all = series(entries);
  if (all.length === 0) return <Empty>{t('vitals.none')}</Empty>;
  return (
    <div className="charts">
      {all.map((each) => (
        <Chart
          key={each.loinc}
          title={named(each.loinc, each.description)}
          unit={unitWords(each.unit)}
          points={each.points}
          range={each.range}
        />
      ))}
    </div>
  );
}

import { useI18n } from '../../i18n';
import type { Fate, Outcome } from './queries';

/** What is erased, and what is kept, why and until when: the reason stands with its thing, on a phone, too. */
export function Fates({ outcome, done = false }: { outcome: Outcome; done?: boolean }) {
  const { t, f, word } = useI18n();
  const shown = outcome.items.filter(({ erased, kept }) => erased + kept > 0);
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label={t('erasure.what')}>
      <table className="table fates">
        <thead>
          <tr>
            <th scope="col">{t('erasure.what')}</th>
            <th scope="col" className="figure">
              {done ? t('erasure.erased') : t('erasure.goes')}
            </th>
            <th scope="col" className="figure">
              {done ? t('erasure.kept') : t('erasure.stays')}
            </th>
          </tr>
        </thead>
        <tbody>
          {shown.map((fate) => (
            <tr key={fate.what}>
              <th scope="row">
                {word('fate', fate.what)}
                <small>
                  <Why fate={fate} />
                  {fate.until ? ` ${t('erasure.until', { day: f.day(fate.until) })}` : ''}
                </small>
              </th>
              <td className="figure">{f.number(fate.erased)}</td>
              <td className="figure">{f.number(fate.kept)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** In the person's language; a reason that is newer than this page, as the API says it. */
function Why({ fate }: { fate: Fate }) {
  const { word } = useI18n();
  if (fate.kept === 0) return null;
  const code = fate.until ? 'by-law' : fate.what;
  const words = word('fate-why', code);
  return <>{words === code ? (fate.why ?? '') : words}</>;
}

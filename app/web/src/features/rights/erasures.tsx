import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useStaffNames } from '../../app/names';
import { useI18n } from '../../i18n';
import { Empty, Loaded, Mark, Page } from '../../ui/page';
import { Fates } from './Fates';
import { erasuresQuery } from './queries';

/** Every erasure, with what it left and why: also what is to be done again after a restore from an older backup. */
export function ErasuresPage() {
  const { t, f } = useI18n();
  const nameOf = useStaffNames();
  const erasures = useQuery(erasuresQuery);
  return (
    <Page title={t('erasures.title')} lead={t('erasures.lead')}>
      <Loaded query={erasures}>
        {(list) =>
          list.length === 0 ? (
            <Empty>{t('erasures.none')}</Empty>
          ) : (
            <ul className="rows">
              {list.map((each) => (
                <li key={each.id}>
                  <div>
                    <strong>{f.moment(each.at)}</strong> <span className="hint">{nameOf(each.actor) ?? ''}</span>
                    <p>{each.reason}</p>
                  </div>
                  <div className="row">
                    <Mark kind={each.outcome.complete ? 'good' : 'warning'}>
                      {each.outcome.complete ? t('erasures.complete') : t('erasures.partly')}
                    </Mark>
                    <Link to="/patients/$patient/rights" params={{ patient: each.patient }}>
                      {t('erasures.open', { patient: each.patient.slice(-6) })}
                    </Link>
                  </div>
                  <details className="activity">
                    <summary>{t('erasures.left')}</summary>
                    <Fates outcome={each.outcome} done />
                  </details>
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
    </Page>
  );
}

import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useI18n } from '../../i18n';
import { Empty, Loaded, Page } from '../../ui/page';
import { openRequestsQuery } from './queries';
import { RequestRow } from './Requests';

/** What people asked for by right and waits for an answer; what is due first stands first. */
export function OpenRequestsPage() {
  const { t } = useI18n();
  const requests = useQuery(openRequestsQuery);
  return (
    <Page
      title={t('rights.title')}
      lead={t('rights.lead')}
      actions={
        <Link to="/erasures" className="button">
          {t('erasures.title')}
        </Link>
      }
    >
      <Loaded query={requests}>
        {(list) =>
          list.length === 0 ? (
            <Empty>{t('rights.nothing')}</Empty>
          ) : (
            <ul className="rows">
              {[...list]
                .sort((one, other) => one.due_at.localeCompare(other.due_at))
                .map((each) => (
                  <RequestRow key={each.id} request={each} named />
                ))}
            </ul>
          )
        }
      </Loaded>
    </Page>
  );
}

import { useInfiniteQuery } from '@tanstack/react-query';
import { api, data, type Schemas } from '../../api/client';
import { asProblem } from '../../api/problem';
import { useI18n } from '../../i18n';
import { Button } from '../../ui/forms';
import { Empty, Failure, Lines, Mark } from '../../ui/page';

export type AccessLine = Schemas['AccessLine'];

/** Who saw or changed a record: who, as what, when, and why. */
export function AccessLines({ patient }: { patient: string }) {
  const { t, f, word } = useI18n();
  const log = useInfiniteQuery({
    queryKey: ['access', patient],
    queryFn: ({ pageParam }) =>
      data(
        api().GET('/api/v1/patients/{id}/access-log', {
          params: { path: { id: patient }, query: { limit: 50, ...(pageParam === '' ? {} : { cursor: pageParam }) } },
        }),
      ),
    initialPageParam: '',
    getNextPageParam: (page) => page.next ?? undefined,
  });
  if (log.isError && !log.data) return <Failure problem={asProblem(log.error)} retry={() => void log.refetch()} />;
  if (!log.data) return <Lines count={5} />;
  const groups = together(log.data.pages.flatMap((page) => page.items));
  if (groups.length === 0) return <Empty>{t('access.none')}</Empty>;
  return (
    <>
      <ul className="rows">
        {groups.map(({ line, actions }) => (
          <li key={line.id}>
            <div>
              <strong>
                {line.relation === 'self' ? t('access.you') : (line.actor_name ?? word('role', line.role))}
              </strong>
              <span className="hint">
                {' '}
                {line.relation === 'self' ? '' : `${word('role', line.role)} · `}
                {word('purpose', line.purpose)}
              </span>
              <p>{actions.map((action) => word('action', action)).join(' · ')}</p>
              {line.outcome === 'refused' ? <Mark kind="warning">{t('access.refused')}</Mark> : null}
              {line.relation === 'emergency' ? <Mark kind="danger">{t('access.emergency')}</Mark> : null}
            </div>
            <time className="hint" dateTime={line.at}>
              {f.moment(line.at)}
            </time>
          </li>
        ))}
      </ul>
      {log.hasNextPage ? (
        <Button busy={log.isFetchingNextPage} onClick={() => void log.fetchNextPage()}>
          {t('access.more')}
        </Button>
      ) : null}
    </>
  );
}

/** What one person did within some minutes is one line: a screen asks for several things at once. */
export function together(lines: readonly AccessLine[]): { line: AccessLine; actions: string[] }[] {
  const groups: { line: AccessLine; actions: string[] }[] = [];
  for (const line of lines) {
    const last = groups.at(-1);
    const same =
      last?.line.actor === line.actor &&
      last.line.purpose === line.purpose &&
      last.line.outcome === line.outcome &&
      last.line.relation === line.relation &&
      Date.parse(last.line.at) - Date.parse(line.at) < 10 * 60_000;
    if (!last || !same) groups.push({ line, actions: [line.action] });
    else if (!last.actions.includes(line.action)) last.actions.push(line.action);
  }
  return groups;
}

import { useInfiniteQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api, data } from '../../api/client';
import { asProblem } from '../../api/problem';
import { useI18n } from '../../i18n';
import { Button } from '../../ui/forms';
import { Empty, Failure, Lines, Mark, Page } from '../../ui/page';
import { AccessLines } from '../patient/AccessLines';
import { Dialog } from '../../ui/Dialog';
import { VerifyLog } from './VerifyLog';

/** The access log of the organization, and the proof that nobody altered it. */
export function LogPage() {
  const { t, f, word } = useI18n();
  const [patient, setPatient] = useState<string>();
  const log = useInfiniteQuery({
    queryKey: ['access', 'all'],
    queryFn: ({ pageParam }) =>
      data(
        api().GET('/api/v1/access-log', {
          params: { query: { limit: 50, ...(pageParam === '' ? {} : { cursor: pageParam }) } },
        }),
      ),
    initialPageParam: '',
    getNextPageParam: (page) => page.next ?? undefined,
  });
  const lines = log.data?.pages.flatMap((page) => page.items);
  return (
    <Page title={t('log.title')} lead={t('log.lead')} wide>
      <VerifyLog />
      {lines === undefined ? (
        log.isError ? (
          <Failure problem={asProblem(log.error)} retry={() => void log.refetch()} />
        ) : (
          <Lines count={8} />
        )
      ) : lines.length === 0 ? (
        <Empty>{t('access.none')}</Empty>
      ) : (
        <div className="scroll" tabIndex={0} role="region" aria-label={t('log.title')}>
          <table className="table">
            <thead>
              <tr>
                <th scope="col">{t('log.when')}</th>
                <th scope="col">{t('log.who')}</th>
                <th scope="col">{t('log.what')}</th>
                <th scope="col">{t('log.why')}</th>
                <th scope="col">{t('log.patient')}</th>
              </tr>
            </thead>
            <tbody>
              {lines.map((line) => (
                <tr key={line.id} className={line.outcome === 'refused' ? 'refused' : ''}>
                  <td>
                    <time dateTime={line.at}>{f.moment(line.at)}</time>
                  </td>
                  <td>
                    {line.actor_name ?? (line.actor_kind === 'patient' ? word('role', 'patient') : '—')}
                    <small>{word('role', line.role)}</small>
                  </td>
                  <td>
                    {word('action', line.action)}{' '}
                    {line.outcome === 'refused' ? <Mark kind="warning">{t('access.refused')}</Mark> : null}
                    {line.relation === 'emergency' ? <Mark kind="danger">{t('access.emergency')}</Mark> : null}
                  </td>
                  <td>{word('purpose', line.purpose)}</td>
                  <td>
                    {line.patient ? (
                      <Button
                        kind="quiet"
                        onClick={() => setPatient(line.patient ?? undefined)}
                        aria-label={t('log.of-patient', { patient: line.patient.slice(-6) })}
                      >
                        {line.patient.slice(-6)}
                      </Button>
                    ) : (
                      '—'
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {log.hasNextPage ? (
        <Button busy={log.isFetchingNextPage} onClick={() => void log.fetchNextPage()}>
          {t('access.more')}
        </Button>
      ) : null}
      {patient === undefined ? null : (
        <Dialog
          open
          wide
          onClose={() => setPatient(undefined)}
          title={t('log.of-patient', { patient: patient.slice(-6) })}
        >
          <AccessLines patient={patient} />
        </Dialog>
      )}
    </Page>
  );
}

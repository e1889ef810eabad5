import { useInfiniteQuery } from '@tanstack/react-query';
import { Navigate } from '@tanstack/react-router';
import { useState } from 'react';
import { api, data } from '../../api/client';
import { asProblem } from '../../api/problem';
import { can } from '../../app/permissions';
import { useStaffNames } from '../../app/names';
import { useMe } from '../../app/session';
import { useI18n } from '../../i18n';
import { Button, Segments } from '../../ui/forms';
import { Icon } from '../../ui/Icon';
import { Empty, Failure, Lines, Mark } from '../../ui/page';
import type { Entry } from '../patient/queries';
import { AddAllergy, AddCondition } from './add';
import { AddDocument } from './AddDocument';
import { usePatient } from './chart';
import { OpenDocument } from './OpenDocument';
import { EntryActions } from './EntryActions';
import { titleOf, whenOf } from './entry';

const kinds = ['all', 'encounter', 'condition', 'allergy', 'observation', 'note', 'document'] as const;
type Kind = (typeof kinds)[number];

/** Everything in the record, the newest first, month by month. */
export function Timeline() {
  const me = useMe();
  if (!can(me.role, 'record.read')) {
    const to = can(me.role, 'appointment.read')
      ? '/patients/$patient/visits'
      : can(me.role, 'prescription.read')
        ? '/patients/$patient/medication'
        : '/patients/$patient/rights';
    return <Navigate to={to} from="/patients/$patient" replace />;
  }
  return <Record />;
}

function Record() {
  const patient = usePatient();
  const { t, f, word } = useI18n();
  const [kind, setKind] = useState<Kind>('all');
  const [adding, setAdding] = useState<'allergy' | 'condition' | 'document'>();
  const entries = useInfiniteQuery({
    queryKey: ['entries', patient.id, 'timeline', kind],
    queryFn: ({ pageParam }) =>
      data(
        api().GET('/api/v1/patients/{id}/entries', {
          params: {
            path: { id: patient.id },
            query: {
              limit: 50,
              ...(kind === 'all' ? {} : { kind }),
              ...(pageParam === '' ? {} : { cursor: pageParam }),
            },
          },
        }),
      ),
    initialPageParam: '',
    getNextPageParam: (page) => page.next ?? undefined,
  });
  const list = entries.data?.pages
    .flatMap((page) => page.items)
    .sort((one, other) => whenOf(other).localeCompare(whenOf(one)));
  const months = list && byMonth(list, f.month);
  return (
    <div className="timeline">
      <div className="row between">
        <Segments
          label={t('timeline.show')}
          value={kind}
          onValue={setKind}
          choices={kinds.map((value) => ({ value, label: word('kind', value) }))}
        />
        <div className="row">
          <Button onClick={() => setAdding('condition')} aria-label={t('add.of', { what: t('add.condition') })}>
            <Icon name="plus" size={16} /> {t('add.condition')}
          </Button>
          <Button onClick={() => setAdding('allergy')} aria-label={t('add.of', { what: t('add.allergy') })}>
            <Icon name="plus" size={16} /> {t('add.allergy')}
          </Button>
          <Button onClick={() => setAdding('document')} aria-label={t('add.of', { what: t('add.document') })}>
            <Icon name="plus" size={16} /> {t('add.document')}
          </Button>
        </div>
      </div>
      {months === undefined ? (
        entries.isError ? (
          <Failure problem={asProblem(entries.error)} retry={() => void entries.refetch()} />
        ) : (
          <Lines count={6} />
        )
      ) : months.length === 0 ? (
        <Empty>{t('timeline.none')}</Empty>
      ) : (
        months.map(([month, of]) => (
          <section key={month}>
            <h2 className="month">{month}</h2>
            <ol className="entries">
              {of.map((entry) => (
                <Item key={entry.id} entry={entry} />
              ))}
            </ol>
          </section>
        ))
      )}
      {entries.hasNextPage ? (
        <Button busy={entries.isFetchingNextPage} onClick={() => void entries.fetchNextPage()}>
          {t('timeline.more')}
        </Button>
      ) : null}
      {adding === 'allergy' ? <AddAllergy onClose={() => setAdding(undefined)} /> : null}
      {adding === 'document' ? <AddDocument onClose={() => setAdding(undefined)} /> : null}
      {adding === 'condition' ? <AddCondition onClose={() => setAdding(undefined)} /> : null}
    </div>
  );
}

function byMonth(list: readonly Entry[], month: (at: string) => string): [string, Entry[]][] {
  const months = new Map<string, Entry[]>();
  for (const entry of list) {
    const name = month(whenOf(entry));
    months.set(name, [...(months.get(name) ?? []), entry]);
  }
  return [...months];
}

function Item({ entry }: { entry: Entry }) {
  const patient = usePatient();
  const { t, f, word } = useI18n();
  const nameOf = useStaffNames();
  const title = titleOf(entry.content, f.number);
  const wrong = entry.status === 'entered-in-error';
  return (
    <li className={`entry ${entry.content.kind} ${wrong ? 'wrong' : ''}`}>
      <time dateTime={whenOf(entry)} title={f.moment(whenOf(entry))}>
        {f.day(whenOf(entry))}
      </time>
      <div>
        <p>
          <span className="entry-kind">{word('kind', entry.content.kind)}</span> <strong>{title.main}</strong>{' '}
          {title.rest ? <span>{title.rest}</span> : null}
        </p>
        {title.text ? <p className="prose">{title.text}</p> : null}
        <p className="hint">
          {nameOf(entry.author) ?? ''}
          {entry.amends ? ` · ${t('entry.amendment')}` : ''}
        </p>
      </div>
      <div className="row">
        {entry.content.kind === 'document' ? (
          <OpenDocument patient={patient.id} title={entry.content.title} attachment={entry.content.attachment} />
        ) : null}
        {entry.status === 'signed' ? (
          <Mark kind="good">
            <Icon name="lock" size={13} /> {t('entry.signed')}
          </Mark>
        ) : null}
        {wrong ? <Mark kind="warning">{t('entry.wrong')}</Mark> : <EntryActions entry={entry} />}
      </div>
    </li>
  );
}

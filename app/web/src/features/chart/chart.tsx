import { useQuery } from '@tanstack/react-query';
import { Link, Outlet, useLocation, useParams } from '@tanstack/react-router';
import { createContext, use, useEffect, useRef } from 'react';
import { asProblem } from '../../api/problem';
import { patientQuery, listed } from '../../app/names';
import { can } from '../../app/permissions';
import { useMe } from '../../app/session';
import { useI18n, type Key } from '../../i18n';
import { Icon } from '../../ui/Icon';
import { Failure, Lines, Mark, Notice } from '../../ui/page';
import { allergiesOf, entriesQuery, standing } from '../patient/queries';
import { BreakGlass } from './BreakGlass';
import { Restricted } from './Restricted';
import type { Patient } from '../staff/find';

const Current = createContext<Patient | undefined>(undefined);

/** The patient whose page is open. Only below `ChartPage`. */
export function usePatient(): Patient {
  const patient = use(Current);
  if (!patient) throw new Error('usePatient() belongs below ChartPage');
  return patient;
}

const tabs = [
  ['/patients/$patient', 'chart.timeline', 'record.read'],
  ['/patients/$patient/notes', 'chart.notes', 'record.read'],
  ['/patients/$patient/vitals', 'chart.vitals', 'record.read'],
  ['/patients/$patient/medication', 'chart.medication', 'prescription.read'],
  ['/patients/$patient/visits', 'chart.visits', 'appointment.read'],
  ['/patients/$patient/details', 'chart.details', 'patient.read'],
  ['/patients/$patient/privacy', 'chart.privacy', 'consent.read'],
  ['/patients/$patient/rights', 'chart.rights', 'data.request'],
  ['/patients/$patient/accesses', 'chart.accesses', 'access-log.patient'],
] as const satisfies readonly (readonly [string, Key, Parameters<typeof can>[1]])[];

/** A patient's page: who it is and what can kill them stay in sight whatever is open below. */
export function ChartPage() {
  const { patient: id } = useParams({ from: '/signed-in/patients/$patient' });
  // Another patient, another page: no dialog and nothing typed for one goes on for the other.
  return <Chart key={id} id={id} />;
}

function Chart({ id }: { id: string }) {
  const me = useMe();
  const { t, f, word } = useI18n();
  const patient = useQuery(patientQuery(id));
  const clinical = can(me.role, 'record.read');
  const allergies = useQuery({ ...entriesQuery(id, 'allergy'), enabled: clinical });
  const closed = allergies.isError && asProblem(allergies.error).kind === 'no-care-relation';
  useEffect(() => {
    if (patient.data) document.title = `${listed(patient.data)} · Galeno`;
  }, [patient.data]);
  const parts = useRef<HTMLElement>(null);
  const { pathname } = useLocation();
  useEffect(() => {
    // More parts than a phone is wide: the open one is wholly in sight.
    const [row, open] = [parts.current, parts.current?.querySelector<HTMLElement>('[aria-current]')];
    if (row && open) row.scrollLeft = open.offsetLeft - row.offsetLeft - (row.clientWidth - open.offsetWidth) / 2;
  }, [pathname, patient.isSuccess, closed]);
  if (patient.isError) {
    if (asProblem(patient.error).kind === 'data-restricted') return <Restricted id={id} />;
    return (
      <div className="page">
        <Failure problem={asProblem(patient.error)} retry={() => void patient.refetch()} />
      </div>
    );
  }
  if (!patient.data) return <Lines count={5} />;
  const { data } = patient;
  return (
    <Current value={data}>
      <div className="page wide chart-page">
        <header className="patient-head">
          <div className="patient-who">
            <h1>{listed(data)}</h1>
            <p>
              <span>{t('patient.years', { age: f.age(data.birth_date) })}</span>
              <span>{word('sex', data.sex)}</span>
              <span>{f.date(data.birth_date)}</span>
              <span>{data.document_number ?? t('patient.no-document')}</span>
              {data.restricted ? <Mark kind="warning">{t('restriction.on')}</Mark> : null}
              {data.deceased_at ? (
                <Mark kind="danger">{t('patient.deceased', { day: f.day(data.deceased_at) })}</Mark>
              ) : null}
            </p>
          </div>
          {clinical && !closed ? <Alerts id={id} /> : null}
        </header>
        {data.merged_into ? (
          <Notice kind="warning" title={t('merge.merged')}>
            <Link to="/patients/$patient" params={{ patient: data.merged_into }}>
              {t('merge.go-there')}
            </Link>
          </Notice>
        ) : null}
        {data.erased_at ? (
          <Notice kind="warning" title={t('erasure.happened', { day: f.day(data.erased_at) })} />
        ) : null}
        {closed ? (
          <BreakGlass patient={data} />
        ) : (
          <>
            <nav ref={parts} className="tabs" aria-label={t('chart.label')}>
              {tabs
                .filter(([, , needs]) => can(me.role, needs))
                .map(([to, words]) => (
                  <Link
                    key={to}
                    to={to}
                    params={{ patient: id }}
                    activeOptions={{ exact: true }}
                    activeProps={{ 'aria-current': 'page' }}
                    resetScroll={false}
                  >
                    {t(words)}
                  </Link>
                ))}
            </nav>
            <Outlet />
          </>
        )}
      </div>
    </Current>
  );
}

/** Allergies first. That none is recorded is no good news: perhaps nobody asked. */
function Alerts({ id }: { id: string }) {
  const { t, word } = useI18n();
  const allergies = useQuery(entriesQuery(id, 'allergy'));
  const conditions = useQuery(entriesQuery(id, 'condition'));
  const active = standing(conditions.data ?? []).flatMap(({ id: key, content }) =>
    content.kind === 'condition' && content.status === 'active' ? [{ key, text: content.description }] : [],
  );
  const known = allergiesOf(allergies.data ?? []);
  return (
    <div className="alerts">
      <div
        className={`allergies ${allergies.data === undefined ? 'unsure' : known.length > 0 ? 'some' : ''}`}
        role="group"
        aria-label={t('record.allergies')}
      >
        <Icon name={allergies.data !== undefined && known.length === 0 ? 'info' : 'warning'} />
        {allergies.data === undefined ? (
          <span>{allergies.isError ? t('chart.allergies-unknown') : t('page.loading')}</span>
        ) : known.length === 0 ? (
          <span>{t('record.allergies-none')}</span>
        ) : (
          <ul aria-label={t('record.allergies')}>
            {known.map(({ id: key, content }) => (
              <li key={key} className={content.criticality === 'high' ? 'high' : ''}>
                <strong>{content.substance}</strong>
                {content.reaction ? <span> · {content.reaction}</span> : null}
                {content.criticality === 'high' ? (
                  <span className="severe"> · {word('criticality', 'high')}</span>
                ) : null}
              </li>
            ))}
          </ul>
        )}
      </div>
      {active.length > 0 ? (
        <p className="conditions">
          <span className="unseen">{t('record.conditions')}: </span>
          {[...new Set(active.map((each) => each.text))].join(' · ')}
        </p>
      ) : null}
    </div>
  );
}

import { useQueries, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { asProblem } from '../../api/problem';
import { full, myName, usePatientLabel, usePlaces } from '../../app/names';
import { usePolling } from '../../app/presence';
import { useScheduleChoices } from '../../app/scheduleChoices';
import { useMe } from '../../app/session';
import { useI18n } from '../../i18n';
import { dayIn, endOf, instant, plusDays } from '../../i18n/format';
import { Button, SelectField } from '../../ui/forms';
import { Icon } from '../../ui/Icon';
import { Empty, Failure, Lines, Page } from '../../ui/page';
import { dayQuery } from '../agenda/queries';
import type { Appointment } from '../patient/queries';
import { useScheduleOf } from '../patient/slots';
import { AttendanceButtons, StatusMark } from './attendance';

/** The day's list: a physician's own; for nursing and reception, everybody's or one's. */
export function TodayPage() {
  const me = useMe();
  const { t, f } = useI18n();
  const today = dayIn(f.zone);
  const [day, setDay] = useState(today);
  const [whose, setWhose] = useState(me.role === 'physician' ? me.person : '');
  const places = usePlaces();
  const name = useQuery(myName(me));
  const { schedules, choices } = useScheduleChoices((schedule) => schedule.staff);
  const staff = whose === '' ? [...new Set(schedules.map((each) => each.staff))] : [whose];
  const [from, to] = [instant(f.zone, day).toISOString(), endOf(f.zone, day)];
  const refetchInterval = usePolling();
  const days = useQueries({ queries: staff.map((each) => ({ ...dayQuery(each, from, to), refetchInterval })) });
  const waiting = places.schedules.isPending || days.some((each) => each.isPending);
  const failed = days.find((each) => each.isError && each.data === undefined);
  const list = days.flatMap((each) => each.data ?? []).filter((each) => each.status !== 'cancelled');
  list.sort((one, other) => one.starts_at.localeCompare(other.starts_at));
  const next =
    list.find((each) => each.status === 'arrived') ??
    list.find((each) => each.status === 'booked' && new Date(each.ends_at) > new Date());
  return (
    <Page
      title={day === today ? t('today.title') : f.longDay(instant(f.zone, day, '12:00'))}
      lead={day === today ? `${f.longDay(new Date())}${name.data ? ` · ${name.data}` : ''}` : undefined}
      actions={
        <div className="row">
          <Button kind="quiet" aria-label={t('agenda.before')} onClick={() => setDay(plusDays(day, -1))}>
            <Icon name="left" />
          </Button>
          {day === today ? null : <Button onClick={() => setDay(today)}>{t('agenda.today')}</Button>}
          <Button kind="quiet" aria-label={t('agenda.after')} onClick={() => setDay(plusDays(day, 1))}>
            <Icon name="right" />
          </Button>
        </div>
      }
    >
      {me.role === 'physician' ? null : (
        <SelectField
          label={t('today.whose')}
          placeholder={t('today.everybody')}
          value={whose}
          choices={choices}
          onValue={setWhose}
        />
      )}
      {failed ? (
        <Failure problem={asProblem(failed.error)} />
      ) : waiting ? (
        <Lines count={6} />
      ) : list.length === 0 ? (
        <Empty>{t('today.none')}</Empty>
      ) : (
        <>
          <p className="summary">
            {t('today.count.other', { count: list.length })} ·{' '}
            {t('today.arrived.other', { count: list.filter((each) => each.status === 'arrived').length })} ·{' '}
            {t('today.seen.other', { count: list.filter((each) => each.status === 'fulfilled').length })}
          </p>
          <ol className="day">
            {list.map((appointment) => (
              <Line
                key={appointment.id}
                appointment={appointment}
                next={appointment === next}
                everybody={whose === ''}
              />
            ))}
          </ol>
        </>
      )}
    </Page>
  );
}

function Line({ appointment, next, everybody }: { appointment: Appointment; next: boolean; everybody: boolean }) {
  const { t, f } = useI18n();
  const { patient, label } = usePatientLabel(appointment.patient);
  const schedule = useScheduleOf(appointment);
  return (
    <li className={`${appointment.status} ${next ? 'next' : ''}`}>
      <time dateTime={appointment.starts_at}>{f.time(appointment.starts_at)}</time>
      <div className="who">
        <Link to="/patients/$patient" params={{ patient: appointment.patient }}>
          {label}
        </Link>
        <p className="hint">
          {patient ? t('patient.years', { age: f.age(patient.birth_date) }) : ''}
          {everybody && schedule ? ` · ${schedule.name}` : ''}
          {appointment.reason ? ` · ${appointment.reason}` : ''}
        </p>
      </div>
      <StatusMark status={appointment.status} />
      <AttendanceButtons appointment={appointment} name={patient ? full(patient) : label} />
    </li>
  );
}

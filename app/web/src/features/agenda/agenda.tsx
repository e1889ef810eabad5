import { useQueries, useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { listed, patientQuery, withoutName } from '../../app/names';
import { can } from '../../app/permissions';
import { usePolling } from '../../app/presence';
import { useScheduleChoices } from '../../app/scheduleChoices';
import { useMe } from '../../app/session';
import { useI18n } from '../../i18n';
import { dayIn, instant, monday, plusDays } from '../../i18n/format';
import { Button, Segments, SelectField } from '../../ui/forms';
import { Icon } from '../../ui/Icon';
import { asProblem } from '../../api/problem';
import { Empty, Failure, Lines, Page } from '../../ui/page';
import { slotsQuery, type Slot } from '../patient/slots';
import { Board } from './Board';
import { HoldDialog } from './HoldDialog';
import { MoveDialog } from './MoveDialog';
import { useMove } from './move';
import { dayQuery } from './queries';
import type { Appointment } from '../patient/queries';

type View = 'day' | 'week';

/** A schedule's day or week. Appointments are dragged to a free slot, or moved with the keyboard. */
export function AgendaPage() {
  const me = useMe();
  const { t, f } = useI18n();
  const search = useSearch({ from: '/signed-in/agenda' });
  const navigate = useNavigate();
  const { schedules, choices } = useScheduleChoices();
  const own = schedules.find((each) => each.staff === me.person);
  const schedule = search.schedule ?? own?.id ?? choices[0]?.value ?? '';
  const today = dayIn(f.zone);
  const day = search.day ?? today;
  const narrow = typeof window !== 'undefined' && window.innerWidth < 720;
  const view: View = search.view === 'day' || search.view === 'week' ? search.view : narrow ? 'day' : 'week';
  const go = (change: { schedule?: string; day?: string; view?: View }) =>
    void navigate({ to: '/agenda', search: { schedule, day, view, ...change }, replace: true });
  const first = view === 'week' ? monday(day) : day;
  const days = Array.from({ length: view === 'week' ? 7 : 1 }, (_, index) => plusDays(first, index));
  const step = view === 'week' ? 7 : 1;
  const from = instant(f.zone, first).toISOString();
  const to = instant(f.zone, plusDays(first, days.length)).toISOString();
  const staff = schedules.find((each) => each.id === schedule)?.staff ?? '';
  const refetchInterval = usePolling();
  const slots = useQuery({ ...slotsQuery(schedule, from, to, true), refetchInterval });
  const appointments = useQuery({ ...dayQuery(staff, from, to), refetchInterval });
  const names = useNames(appointments.data ?? []);
  const [moving, setMoving] = useState<Appointment>();
  const [holding, setHolding] = useState<Slot>();
  const move = useMove();
  const failed = slots.error ?? appointments.error;
  const ready = slots.data && appointments.data;
  const drop = (appointment: Appointment, slot: Slot) => void move.send({ appointment, slot: slot.id });
  const title =
    view === 'day'
      ? f.longDay(instant(f.zone, day, '12:00'))
      : `${f.day(instant(f.zone, first, '12:00'))} – ${f.day(instant(f.zone, plusDays(first, 6), '12:00'))}`;
  return (
    <Page
      wide
      title={t('agenda.title')}
      lead={title}
      actions={
        <div className="row">
          <Button kind="quiet" aria-label={t('agenda.before')} onClick={() => go({ day: plusDays(day, -step) })}>
            <Icon name="left" />
          </Button>
          <Button onClick={() => go({ day: today })} aria-disabled={days.includes(today)}>
            {t('agenda.today')}
          </Button>
          <Button kind="quiet" aria-label={t('agenda.after')} onClick={() => go({ day: plusDays(day, step) })}>
            <Icon name="right" />
          </Button>
          <Segments
            label={t('agenda.view')}
            value={view}
            onValue={(next) => go({ view: next })}
            choices={[
              { value: 'day', label: t('agenda.day') },
              { value: 'week', label: t('agenda.week') },
            ]}
          />
        </div>
      }
    >
      <SelectField
        label={t('agenda.schedule')}
        value={schedule}
        choices={choices}
        onValue={(value) => go({ schedule: value })}
      />
      {move.problem ? <Failure problem={move.problem} retry={() => undefined} /> : null}
      {failed && !ready ? (
        <Failure problem={asProblem(failed)} />
      ) : !ready ? (
        <Lines count={8} />
      ) : slots.data.length === 0 && appointments.data.length === 0 ? (
        <Empty>{t('agenda.empty')}</Empty>
      ) : (
        <Board
          days={days}
          slots={slots.data}
          appointments={appointments.data.filter((each) => each.status !== 'cancelled')}
          nameOf={(each) => names.get(each.patient) ?? '…'}
          busy={move.busy}
          onDrop={drop}
          onMove={setMoving}
          onHold={can(me.role, 'schedule.manage') ? setHolding : undefined}
        />
      )}
      {holding ? <HoldDialog slot={holding} onClose={() => setHolding(undefined)} /> : null}
      {moving ? (
        <MoveDialog
          appointment={moving}
          schedule={schedule}
          name={names.get(moving.patient) ?? ''}
          onClose={() => setMoving(undefined)}
        />
      ) : null}
    </Page>
  );
}

function useNames(list: readonly Appointment[]): Map<string, string> {
  const { t } = useI18n();
  const ids = [...new Set(list.map((each) => each.patient))];
  const patients = useQueries({ queries: ids.map((id) => patientQuery(id)) });
  return new Map(
    patients.map((patient, index) => [ids[index] ?? '', patient.data ? listed(patient.data) : withoutName(patient, t)]),
  );
}

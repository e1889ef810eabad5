import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, data, match, sending as keyed } from '../../api/client';
import { useSend } from '../../api/send';
import { usePlaces } from '../../app/names';
import { useScheduleChoices } from '../../app/scheduleChoices';
import { useDraft } from '../../drafts/useDraft';
import { useI18n } from '../../i18n';
import { Button, SelectField, TextField } from '../../ui/forms';
import { Icon } from '../../ui/Icon';
import { Empty, Failure, Loaded, Notice, Section } from '../../ui/page';
import { say } from '../../ui/toasts';
import { CancelDialog } from '../patient/AppointmentRows';
import { Slots, useSlots } from '../patient/book';
import { appointmentsQuery, upcoming, type Appointment } from '../patient/queries';
import { taken, type Slot } from '../patient/slots';
import { AttendanceButtons, StatusMark } from '../staff/attendance';
import { usePatient } from './chart';

/** A patient's appointments, for whoever books and receives them. */
export function Visits() {
  const patient = usePatient();
  const { t } = useI18n();
  const appointments = useQuery(appointmentsQuery(patient.id));
  const [booking, setBooking] = useState<Appointment | 'new'>();
  return (
    <>
      {booking === undefined ? (
        <div className="row end">
          <Button kind="main" onClick={() => setBooking('new')}>
            <Icon name="plus" /> {t('visits.book')}
          </Button>
        </div>
      ) : (
        <BookFor
          key={booking === 'new' ? 'new' : booking.id}
          moved={booking === 'new' ? undefined : booking}
          onDone={() => setBooking(undefined)}
        />
      )}
      <Loaded query={appointments}>
        {(list) => {
          const next = upcoming(list);
          const past = list.filter((each) => !next.includes(each));
          return (
            <>
              <Section title={t('appointments.next')}>
                {next.length === 0 ? <Empty>{t('home.none')}</Empty> : <Rows list={next} onMove={setBooking} />}
              </Section>
              {past.length === 0 ? null : (
                <Section title={t('appointments.past')}>
                  <Rows list={past} />
                </Section>
              )}
            </>
          );
        }}
      </Loaded>
    </>
  );
}

function Rows({ list, onMove }: { list: readonly Appointment[]; onMove?: (appointment: Appointment) => void }) {
  const patient = usePatient();
  const { t, f } = useI18n();
  const places = usePlaces();
  const [cancelling, setCancelling] = useState<Appointment>();
  return (
    <ul className="rows">
      {list.map((each) => {
        const schedule = places.ofStaff(each.staff);
        const open = each.status === 'booked' && new Date(each.starts_at) > new Date();
        return (
          <li key={each.id}>
            <div>
              <strong>
                {f.longDay(each.starts_at)}, {f.time(each.starts_at)}
              </strong>{' '}
              <StatusMark status={each.status} />
              <p className="hint">
                {schedule?.name ?? ''} · {places.clinic(schedule?.clinic)?.name ?? ''}
                {each.reason ? ` · ${each.reason}` : ''}
              </p>
            </div>
            <div className="row">
              <AttendanceButtons appointment={each} name={`${patient.given_name} ${patient.family_name}`} />
              {open && onMove ? <Button onClick={() => onMove(each)}>{t('appointment.move')}</Button> : null}
              {open ? (
                <Button kind="quiet" onClick={() => setCancelling(each)}>
                  {t('appointment.cancel')}
                </Button>
              ) : null}
            </div>
          </li>
        );
      })}
      {cancelling ? <CancelDialog appointment={cancelling} onClose={() => setCancelling(undefined)} /> : null}
    </ul>
  );
}

function BookFor({ moved, onDone }: { moved: Appointment | undefined; onDone: () => void }) {
  const patient = usePatient();
  const { t, f } = useI18n();
  const client = useQueryClient();
  const places = usePlaces();
  const draft = useDraft(`visit/${patient.id}`, { schedule: '', reason: '' });
  const schedule =
    draft.value.schedule === '' && moved ? (places.ofStaff(moved.staff)?.id ?? '') : draft.value.schedule;
  const [slot, setSlot] = useState<Slot>();
  const refresh = async () => {
    await client.invalidateQueries({ queryKey: ['appointments'] });
    await client.invalidateQueries({ queryKey: ['slots'] });
  };
  const sending = useSend(
    (body: { slot: string; reason?: string }, key) =>
      moved
        ? data(
            api().POST('/api/v1/patients/{id}/appointments/{appointment}/move', {
              ...keyed(key),
              params: { path: { id: patient.id, appointment: moved.id }, header: match(moved.version) },
              body,
            }),
          )
        : data(
            api().POST('/api/v1/patients/{id}/appointments', {
              ...keyed(key),
              params: { path: { id: patient.id } },
              body,
            }),
          ),
    async (appointment) => {
      say(t('book.done', { when: `${f.longDay(appointment.starts_at)}, ${f.time(appointment.starts_at)}` }));
      await draft.clear();
      await refresh();
      onDone();
    },
  );
  const waiting = useSend(
    (body: { schedule: string; priority: number }, key) =>
      data(api().POST('/api/v1/patients/{id}/waiting', { ...keyed(key), params: { path: { id: patient.id } }, body })),
    () => say(t('book.waits')),
  );
  const go = () => {
    if (slot)
      void sending.send({ slot: slot.id, ...(draft.value.reason === '' ? {} : { reason: draft.value.reason }) });
  };
  const { choices } = useScheduleChoices();
  const slots = useSlots(schedule);
  return (
    <section className="panel" aria-label={t('visits.book')}>
      <h2>
        {moved
          ? t('book.moving', { when: `${f.longDay(moved.starts_at)}, ${f.time(moved.starts_at)}` })
          : t('visits.book')}
      </h2>
      <div className="grid">
        <SelectField
          label={t('book.service')}
          placeholder={t('book.choose')}
          value={schedule}
          choices={choices}
          onValue={(value) => {
            draft.set({ ...draft.value, schedule: value });
            setSlot(undefined);
          }}
        />
        <TextField
          label={t('book.reason')}
          optional
          value={draft.value.reason}
          onValue={(reason) => draft.set({ ...draft.value, reason })}
          maxLength={200}
        />
      </div>
      {schedule === '' ? null : <Slots schedule={schedule} chosen={slot} onChoose={setSlot} />}
      {sending.problem?.kind === 'slot-taken' ? (
        <Notice kind="warning" title={t('book.taken')}>
          <Button
            onClick={() => {
              sending.forget();
              if (slot) void taken(client, slot);
              setSlot(undefined);
              void refresh();
            }}
          >
            {t('book.choose-other')}
          </Button>
        </Notice>
      ) : (
        <Failure problem={sending.problem ?? waiting.problem} retry={go} />
      )}
      <div className="row end">
        <Button onClick={onDone}>{t('dialog.cancel')}</Button>
        {slots.isPending || moved ? null : (
          <Button busy={waiting.busy} onClick={() => void waiting.send({ schedule, priority: 2 })}>
            {t('book.wait')}
          </Button>
        )}
        <Button kind="main" busy={sending.busy} aria-disabled={!slot || sending.busy} onClick={go}>
          {moved ? t('book.move') : t('book.go')}
        </Button>
      </div>
    </section>
  );
}

import { useQuery, useQueryClient, type UseQueryResult } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { api, data, match, sending as keyed } from '../../api/client';
import { asProblem } from '../../api/problem';
import { useSend } from '../../api/send';
import { useScheduleChoices } from '../../app/scheduleChoices';
import { useSubject } from '../../app/subject';
import { useDraft } from '../../drafts/useDraft';
import { useI18n } from '../../i18n';
import { dayIn, instant, plusDays } from '../../i18n/format';
import { Restored } from '../../ui/Conflict';
import { Button, SelectField, TextField } from '../../ui/forms';
import { Empty, Failure, Lines, Loaded, Notice, Page, problemWords, Section } from '../../ui/page';
import { say } from '../../ui/toasts';
import { appointmentQuery, type Appointment } from './queries';
import { byDay, slotsQuery, taken, type Slot } from './slots';

/** Book an appointment, or move one: which service, which day and time, and why. */
export function BookPage() {
  const subject = useSubject();
  const { t, f } = useI18n();
  const { move, schedule: asked } = useSearch({ from: '/signed-in/book' });
  const reading = useQuery({ ...appointmentQuery(subject.id, move ?? ''), enabled: move !== undefined });
  const moved = reading.data;
  const { choices } = useScheduleChoices();
  const [schedule, setSchedule] = useState(asked ?? '');
  const [chosen, setChosen] = useState<Slot>();
  const slots = useSlots(schedule);
  return (
    <Page
      title={move === undefined ? t('book.title') : t('book.move-title')}
      lead={
        moved ? t('book.moving', { when: `${f.longDay(moved.starts_at)}, ${f.time(moved.starts_at)}` }) : t('book.lead')
      }
    >
      {/* Until it is known what is moved there is nothing to confirm: it would be booked once more. */}
      {move !== undefined && !moved ? (
        <Unread query={reading} />
      ) : (
        <>
          <SelectField
            label={t('book.service')}
            placeholder={t('book.choose')}
            value={schedule}
            choices={choices}
            onValue={(value) => {
              setSchedule(value);
              setChosen(undefined);
            }}
          />
          {schedule === '' ? null : <Slots schedule={schedule} chosen={chosen} onChoose={setChosen} />}
          {schedule === '' ? null : (
            <Confirm key={subject.id} slot={chosen} moved={moved} onTaken={() => setChosen(undefined)} />
          )}
        </>
      )}
      {/* Once the times are there: they would push the button away from under the finger. */}
      {slots.isPending || move !== undefined ? null : <JoinWaiting schedule={schedule} />}
    </Page>
  );
}

/** The appointment that is to be moved is on its way, or cannot be read. */
function Unread({ query }: { query: UseQueryResult<Appointment> }) {
  const { t } = useI18n();
  if (!query.isError) return <Lines count={4} />;
  return (
    <Notice kind="danger" title={t('book.unread')}>
      <p>{problemWords(asProblem(query.error), t).title}</p>
      <Button onClick={() => void query.refetch()}>{t('problem.retry')}</Button>
    </Notice>
  );
}

const weeks = 4;
const daysAtOnce = 5;

/** The times of a schedule for the coming weeks, for `Slots` and for what waits below it. */
export function useSlots(schedule: string) {
  const { f } = useI18n();
  const today = dayIn(f.zone);
  const begin = (day: string) => instant(f.zone, day).toISOString();
  return useQuery(slotsQuery(schedule, begin(today), begin(plusDays(today, 7 * weeks))));
}

export function Slots({
  schedule,
  chosen,
  onChoose,
}: {
  schedule: string;
  chosen: Slot | undefined;
  onChoose: (slot: Slot) => void;
}) {
  const { t, f } = useI18n();
  const [shown, setShown] = useState(daysAtOnce);
  const slots = useSlots(schedule);
  return (
    <Section title={t('book.when')}>
      <Loaded query={slots}>
        {(list) => {
          const days = byDay(
            list.filter((slot) => slot.free && new Date(slot.starts_at) > new Date()),
            f.zone,
          );
          if (days.length === 0) return <Empty>{t('book.none')}</Empty>;
          return (
            <>
              {days.slice(0, shown).map(([day, of]) => (
                <fieldset key={day} className="slots">
                  <legend>{f.longDay(of[0]?.starts_at ?? day)}</legend>
                  {of.map((slot) => (
                    <label key={slot.id} className="slot">
                      <input
                        type="radio"
                        name="slot"
                        checked={chosen?.id === slot.id}
                        onChange={() => onChoose(slot)}
                      />
                      <span>{f.time(slot.starts_at)}</span>
                    </label>
                  ))}
                </fieldset>
              ))}
              {days.length > shown ? (
                <Button onClick={() => setShown(shown + daysAtOnce)}>{t('book.later')}</Button>
              ) : null}
            </>
          );
        }}
      </Loaded>
    </Section>
  );
}

function Confirm({
  slot,
  moved,
  onTaken,
}: {
  slot: Slot | undefined;
  moved: Appointment | undefined;
  onTaken: () => void;
}) {
  const subject = useSubject();
  const { t, f } = useI18n();
  const client = useQueryClient();
  const navigate = useNavigate();
  const draft = useDraft(`book/${subject.id}/reason`, '');
  const sending = useSend(
    (value: { slot: string; reason?: string; version?: number }, key) => {
      const { version, ...body } = value;
      if (!moved || version === undefined) {
        return data(
          api().POST('/api/v1/patients/{id}/appointments', {
            ...keyed(key),
            params: { path: { id: subject.id } },
            body,
          }),
        );
      }
      return data(
        api().POST('/api/v1/patients/{id}/appointments/{appointment}/move', {
          ...keyed(key),
          params: { path: { id: subject.id, appointment: moved.id }, header: match(version) },
          body,
        }),
      );
    },
    async (appointment) => {
      say(t('book.done', { when: `${f.longDay(appointment.starts_at)}, ${f.time(appointment.starts_at)}` }));
      await draft.clear();
      await client.invalidateQueries({ queryKey: ['appointments'] });
      void client.invalidateQueries({ queryKey: ['slots'] });
      await navigate({ to: '/appointments', replace: true });
    },
    draft.keys,
  );
  const go = async () => {
    if (!slot) return;
    const value = { slot: slot.id, ...(draft.value === '' ? {} : { reason: draft.value }) };
    await sending.send(moved ? { ...value, version: moved.version } : value);
  };
  const isTaken = sending.problem?.kind === 'slot-taken';
  const changed = sending.problem?.kind === 'changed';
  const again = async () => {
    sending.forget();
    if (isTaken) onTaken();
    if (isTaken && slot) await taken(client, slot);
    else await client.invalidateQueries({ queryKey: ['slots'] });
    await client.invalidateQueries({ queryKey: ['appointments'] });
  };
  return (
    <section className="confirm" aria-label={t('book.confirm')}>
      <Restored restored={draft.restored} onDiscard={() => draft.clear()} />
      <TextField
        label={t('book.reason')}
        hint={t('book.reason-hint')}
        optional
        value={draft.value}
        onValue={draft.set}
        maxLength={200}
      />
      {isTaken || changed ? (
        <Notice kind="warning" title={isTaken ? t('book.taken') : t('appointment.changed')}>
          <Button onClick={() => void again()}>{isTaken ? t('book.choose-other') : t('book.look-again')}</Button>
        </Notice>
      ) : (
        <Failure problem={sending.problem} retry={() => void go()} />
      )}
      <div className="row between">
        <p className="chosen" aria-live="polite">
          {slot ? `${f.longDay(slot.starts_at)}, ${f.time(slot.starts_at)}` : t('book.nothing')}
        </p>
        <Button kind="main" busy={sending.busy} aria-disabled={!slot || sending.busy} onClick={() => void go()}>
          {moved ? t('book.move') : t('book.go')}
        </Button>
      </div>
    </section>
  );
}

function JoinWaiting({ schedule }: { schedule: string }) {
  const subject = useSubject();
  const { t } = useI18n();
  const joining = useSend(
    (body: { schedule: string; priority: number }, key) =>
      data(api().POST('/api/v1/patients/{id}/waiting', { ...keyed(key), params: { path: { id: subject.id } }, body })),
    () => say(t('book.waits')),
  );
  return (
    <div className="aside">
      <p>{t('book.no-fit')}</p>
      <Failure problem={joining.problem} />
      <Button busy={joining.busy} onClick={() => void joining.send({ schedule, priority: 3 })}>
        {t('book.wait')}
      </Button>
    </div>
  );
}

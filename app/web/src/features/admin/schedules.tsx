import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState, type SubmitEvent } from 'react';
import { api, data, sending as keyed, type Schemas } from '../../api/client';
import { useSend } from '../../api/send';
import { listed, schedulesQuery, staffQuery, usePlaces, useStaffNames, type Schedule } from '../../app/names';
import { can } from '../../app/permissions';
import { useMe } from '../../app/session';
import { useDraft } from '../../drafts/useDraft';
import { useI18n } from '../../i18n';
import { dayIn, plusDays } from '../../i18n/format';
import { Restored } from '../../ui/Conflict';
import { Dialog } from '../../ui/Dialog';
import { Button, SelectField, TextField } from '../../ui/forms';
import { Icon } from '../../ui/Icon';
import { Empty, Failure, Loaded, Mark, Page } from '../../ui/page';
import { say } from '../../ui/toasts';
import { ChangeSchedule } from './ChangeSchedule';

/** Whose time can be booked, where, and when. */
export function SchedulesPage() {
  const { t } = useI18n();
  const me = useMe();
  const places = usePlaces();
  const nameOf = useStaffNames();
  const manages = can(me.role, 'schedule.manage');
  const [creating, setCreating] = useState(false);
  const [slots, setSlots] = useState<Schedule>();
  const [changing, setChanging] = useState<Schedule>();
  return (
    <Page
      title={t('schedules.title')}
      lead={manages ? undefined : t('schedules.read-only')}
      actions={
        manages ? (
          <Button kind="main" onClick={() => setCreating(true)}>
            <Icon name="plus" /> {t('schedules.new')}
          </Button>
        ) : undefined
      }
    >
      <Loaded query={places.schedules} lines={6}>
        {(list) =>
          list.length === 0 ? (
            <Empty>{t('schedules.none')}</Empty>
          ) : (
            <ul className="rows">
              {[...list]
                .sort((one, other) => one.name.localeCompare(other.name))
                .map((each) => (
                  <li key={each.id}>
                    <div>
                      <strong>{each.name}</strong>{' '}
                      {each.active ? null : <Mark kind="warning">{t('clinics.closed')}</Mark>}
                      <p className="hint">
                        {nameOf(each.staff) ?? ''} · {places.clinic(each.clinic)?.name ?? ''}
                      </p>
                    </div>
                    {manages ? (
                      <div className="row">
                        <Button
                          onClick={() => setSlots(each)}
                          aria-label={t('schedules.slots-of', { name: each.name })}
                        >
                          {t('schedules.slots')}
                        </Button>
                        <Button
                          kind="quiet"
                          onClick={() => setChanging(each)}
                          aria-label={t('people.change-of', { name: each.name })}
                        >
                          {t('people.change')}
                        </Button>
                      </div>
                    ) : null}
                  </li>
                ))}
            </ul>
          )
        }
      </Loaded>
      {creating ? <New onClose={() => setCreating(false)} /> : null}
      {slots ? <MakeSlots schedule={slots} onClose={() => setSlots(undefined)} /> : null}
      {changing ? <ChangeSchedule schedule={changing} onClose={() => setChanging(undefined)} /> : null}
    </Page>
  );
}

function New({ onClose }: { onClose: () => void }) {
  const { t } = useI18n();
  const client = useQueryClient();
  const places = usePlaces();
  const staff = useQuery(staffQuery);
  const draft = useDraft('schedule/new', { name: '', staff: '', clinic: '' });
  const sending = useSend(
    (body: Schemas['ScheduleContent'], key) => data(api().POST('/api/v1/schedules', { ...keyed(key), body })),
    async () => {
      say(t('form.saved'));
      await draft.clear();
      await client.invalidateQueries({ queryKey: schedulesQuery.queryKey });
      onClose();
    },
  );
  const { value, set } = draft;
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    void sending.send({ ...value, name: value.name.trim() });
  };
  return (
    <Dialog open firm onClose={onClose} title={t('schedules.new')}>
      <form className="form" onSubmit={submit}>
        <Restored restored={draft.restored} onDiscard={draft.clear} />
        <TextField
          label={t('schedules.name')}
          value={value.name}
          onValue={(name) => set({ ...value, name })}
          error={sending.problem?.field('name')}
          required
        />
        <SelectField
          label={t('schedules.staff')}
          placeholder={t('form.choose')}
          value={value.staff}
          onValue={(next) => set({ ...value, staff: next })}
          choices={(staff.data ?? [])
            .filter((each) => ['physician', 'nurse'].includes(each.role))
            .map((each) => ({ value: each.id, label: listed(each) }))}
          required
        />
        <SelectField
          label={t('schedules.clinic')}
          placeholder={t('form.choose')}
          value={value.clinic}
          onValue={(clinic) => set({ ...value, clinic })}
          choices={(places.clinics.data ?? []).map((each) => ({ value: each.id, label: each.name }))}
          required
        />
        <Failure problem={sending.problem} />
        <div className="row end">
          <Button onClick={onClose}>{t('dialog.cancel')}</Button>
          <Button kind="main" type="submit" busy={sending.busy}>
            {t('form.save')}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

function MakeSlots({ schedule, onClose }: { schedule: Schedule; onClose: () => void }) {
  const { t, f, word } = useI18n();
  const client = useQueryClient();
  const today = dayIn(f.zone);
  const [value, setValue] = useState({
    from: today,
    to: plusDays(today, 13),
    start: '09:00',
    end: '13:00',
    minutes: '15',
    weekdays: [1, 2, 3, 4, 5],
  });
  const sending = useSend(
    (body: Schemas['NewSlots'], key) =>
      data(api().POST('/api/v1/schedules/{id}/slots', { ...keyed(key), params: { path: { id: schedule.id } }, body })),
    async ({ made, overlapping }) => {
      say(t('schedules.made', { made, overlapping }));
      await client.invalidateQueries({ queryKey: ['slots'] });
      onClose();
    },
  );
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    void sending.send({ ...value, minutes: Number(value.minutes) });
  };
  const field = (name: 'from' | 'to' | 'start' | 'end' | 'minutes') => ({
    value: value[name],
    onValue: (text: string) => setValue({ ...value, [name]: text }),
    error: sending.problem?.field(name),
    required: true,
  });
  return (
    <Dialog open firm onClose={onClose} title={t('schedules.slots-of', { name: schedule.name })}>
      <form className="form" onSubmit={submit}>
        <div className="grid small">
          <TextField label={t('schedules.from')} type="date" {...field('from')} />
          <TextField label={t('schedules.to')} type="date" {...field('to')} />
          <TextField label={t('schedules.start')} type="time" {...field('start')} />
          <TextField label={t('schedules.end')} type="time" {...field('end')} />
          <TextField label={t('schedules.minutes')} type="number" min={5} max={480} {...field('minutes')} />
        </div>
        <fieldset className="weekdays">
          <legend>{t('schedules.weekdays')}</legend>
          {[1, 2, 3, 4, 5, 6, 7].map((weekday) => (
            <label key={weekday}>
              <input
                type="checkbox"
                checked={value.weekdays.includes(weekday)}
                onChange={(event) =>
                  setValue({
                    ...value,
                    weekdays: event.target.checked
                      ? [...value.weekdays, weekday].sort((a, b) => a - b)
                      : value.weekdays.filter((each) => each !== weekday),
                  })
                }
              />
              <span>{word('weekday', String(weekday))}</span>
            </label>
          ))}
        </fieldset>
        <Failure problem={sending.problem} />
        <div className="row end">
          <Button onClick={onClose}>{t('dialog.cancel')}</Button>
          <Button kind="main" type="submit" busy={sending.busy}>
            {t('schedules.make')}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

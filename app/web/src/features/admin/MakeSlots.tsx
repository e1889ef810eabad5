import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, data, sending as keyed, type Schemas } from '../../api/client';
import { useSend } from '../../api/send';
import type { Schedule } from '../../app/names';
import { useI18n } from '../../i18n';
import { dayIn, plusDays } from '../../i18n/format';
import { FormDialog } from '../../ui/FormDialog';
import { TextField } from '../../ui/forms';
import { say } from '../../ui/toasts';

/** Opens slots of a schedule for some weeks. */
export function MakeSlots({ schedule, onClose }: { schedule: Schedule; onClose: () => void }) {
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
  const field = (name: 'from' | 'to' | 'start' | 'end' | 'minutes') => ({
    value: value[name],
    onValue: (text: string) => setValue({ ...value, [name]: text }),
    error: sending.problem?.field(name),
    required: true,
  });
  return (
    <FormDialog
      title={t('schedules.slots-of', { name: schedule.name })}
      go={t('schedules.make')}
      sending={sending}
      onClose={onClose}
      onSubmit={() => void sending.send({ ...value, minutes: Number(value.minutes) })}
    >
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
    </FormDialog>
  );
}

import { useQueryClient } from '@tanstack/react-query';
import type { SubmitEvent } from 'react';
import { api, data, match, sending as keyed } from '../../api/client';
import { schedulesQuery, type Schedule } from '../../app/names';
import { useVersioned } from '../../drafts/useVersioned';
import { useI18n } from '../../i18n';
import { ConflictDialog, Restored } from '../../ui/Conflict';
import { Dialog } from '../../ui/Dialog';
import { Button, CheckField, TextField } from '../../ui/forms';
import { Failure } from '../../ui/page';
import { say } from '../../ui/toasts';

const fieldsOf = (schedule: Schedule) => ({ name: schedule.name, active: schedule.active });

export function ChangeSchedule({ schedule, onClose }: { schedule: Schedule; onClose: () => void }) {
  const { t, word } = useI18n();
  const client = useQueryClient();
  const path = { id: schedule.id };
  const form = useVersioned(
    `schedule/${schedule.id}`,
    { version: schedule.version, value: fieldsOf(schedule) },
    ({ name, active }, version, key) =>
      data(
        api().PUT('/api/v1/schedules/{id}', {
          ...keyed(key),
          params: { path, header: match(version) },
          body: { name: name.trim(), active, clinic: schedule.clinic, staff: schedule.staff },
        }),
      ),
    async () => {
      const now = await data(api().GET('/api/v1/schedules/{id}', { params: { path } }));
      return { version: now.version, value: fieldsOf(now) };
    },
    async () => {
      say(t('form.saved'));
      await client.invalidateQueries({ queryKey: schedulesQuery.queryKey });
      onClose();
    },
  );
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    form.submit();
  };
  return (
    <Dialog open firm onClose={onClose} title={schedule.name}>
      <form className="form" onSubmit={submit}>
        <Restored restored={form.restored} onDiscard={form.discard} />
        <TextField
          label={t('schedules.name')}
          value={form.value.name}
          onValue={(name) => form.set({ ...form.value, name })}
          error={form.sending.problem?.field('name')}
          required
        />
        <CheckField
          label={t('schedules.active')}
          hint={t('schedules.active-hint')}
          checked={form.value.active}
          onChecked={(active) => form.set({ ...form.value, active })}
        />
        {form.conflict ? null : <Failure problem={form.sending.problem} retry={form.submit} />}
        <ConflictDialog
          conflict={form.conflict}
          labels={{ name: t('schedules.name'), active: t('schedules.active') }}
          show={(value, field) => (field === 'active' ? word('yes-no', String(value)) : String(value ?? ''))}
        />
        <div className="row end">
          <Button onClick={onClose}>{t('dialog.cancel')}</Button>
          <Button kind="main" type="submit" busy={form.sending.busy}>
            {t('form.save')}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

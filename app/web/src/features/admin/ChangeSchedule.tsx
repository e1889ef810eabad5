import { api, data, match, sending as keyed } from '../../api/client';
import { schedulesQuery, type Schedule } from '../../app/names';
import { useI18n } from '../../i18n';
import { CheckField, TextField } from '../../ui/forms';
import { ChangeDialog, textField } from './Editing';

const fieldsOf = (schedule: Schedule) => ({ name: schedule.name, active: schedule.active });

export function ChangeSchedule({ schedule, onClose }: { schedule: Schedule; onClose: () => void }) {
  const { t } = useI18n();
  const path = { id: schedule.id };
  return (
    <ChangeDialog
      wide={false}
      title={schedule.name}
      draft={`schedule/${schedule.id}`}
      read={{ version: schedule.version, value: fieldsOf(schedule) }}
      list={schedulesQuery.queryKey}
      save={({ name, active }, version, key) =>
        data(
          api().PUT('/api/v1/schedules/{id}', {
            ...keyed(key),
            params: { path, header: match(version) },
            body: { name: name.trim(), active, clinic: schedule.clinic, staff: schedule.staff },
          }),
        )
      }
      reload={async () => {
        const now = await data(api().GET('/api/v1/schedules/{id}', { params: { path } }));
        return { version: now.version, value: fieldsOf(now) };
      }}
      labels={{ name: t('schedules.name'), active: t('schedules.active') }}
      onClose={onClose}
    >
      {(editor) => (
        <>
          <TextField label={t('schedules.name')} {...textField(editor, 'name')} required />
          <CheckField
            label={t('schedules.active')}
            hint={t('schedules.active-hint')}
            checked={editor.value.active}
            onChecked={(active) => editor.set({ ...editor.value, active })}
          />
        </>
      )}
    </ChangeDialog>
  );
}

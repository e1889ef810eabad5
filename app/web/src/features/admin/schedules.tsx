import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api, data, sending as keyed } from '../../api/client';
import { listed, schedulesQuery, staffQuery, usePlaces, useStaffNames, type Schedule } from '../../app/names';
import { can } from '../../app/permissions';
import { useMe } from '../../app/session';
import { useI18n } from '../../i18n';
import { Button, SelectField, TextField } from '../../ui/forms';
import { Icon } from '../../ui/Icon';
import { Empty, Loaded, Mark, Page } from '../../ui/page';
import { ChangeSchedule } from './ChangeSchedule';
import { MakeDialog, textField } from './Editing';
import { MakeSlots } from './MakeSlots';

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

const nothing = { name: '', staff: '', clinic: '' };

function New({ onClose }: { onClose: () => void }) {
  const { t } = useI18n();
  const places = usePlaces();
  const staff = useQuery(staffQuery);
  return (
    <MakeDialog
      title={t('schedules.new')}
      draft="schedule/new"
      empty={nothing}
      list={schedulesQuery.queryKey}
      save={(value, key) =>
        data(api().POST('/api/v1/schedules', { ...keyed(key), body: { ...value, name: value.name.trim() } }))
      }
      done={t('form.saved')}
      onClose={onClose}
    >
      {(editor) => (
        <>
          <TextField label={t('schedules.name')} {...textField(editor, 'name')} required />
          <SelectField
            label={t('schedules.staff')}
            placeholder={t('form.choose')}
            {...textField(editor, 'staff')}
            choices={(staff.data ?? [])
              .filter((each) => ['physician', 'nurse'].includes(each.role))
              .map((each) => ({ value: each.id, label: listed(each) }))}
            required
          />
          <SelectField
            label={t('schedules.clinic')}
            placeholder={t('form.choose')}
            {...textField(editor, 'clinic')}
            choices={(places.clinics.data ?? []).map((each) => ({ value: each.id, label: each.name }))}
            required
          />
        </>
      )}
    </MakeDialog>
  );
}

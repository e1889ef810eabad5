import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, data, match, sending as keyed } from '../../api/client';
import { useSend } from '../../api/send';
import { patientQuery, useStaffNames } from '../../app/names';
import { can } from '../../app/permissions';
import { useMe } from '../../app/session';
import { useI18n } from '../../i18n';
import { FormDialog } from '../../ui/FormDialog';
import { Button, TextField } from '../../ui/forms';
import { Loaded, Mark } from '../../ui/page';
import { say } from '../../ui/toasts';
import type { Patient } from '../staff/find';
import { restrictionQuery } from './queries';

/** Whether a person's data may hardly be used, since when and why, and the way to change that. */
export function Restriction({ patient }: { patient: Patient }) {
  const me = useMe();
  const { t, f } = useI18n();
  const nameOf = useStaffNames(me.kind === 'staff');
  const events = useQuery(restrictionQuery(patient.id));
  const [changing, setChanging] = useState(false);
  return (
    <>
      <div className="row between">
        <p>
          {patient.restricted ? <Mark kind="warning">{t('restriction.on')}</Mark> : null}{' '}
          {patient.restricted ? t('restriction.on-text') : t('restriction.off-text')}
        </p>
        {can(me.role, 'data.rights') ? (
          <Button onClick={() => setChanging(true)}>
            {patient.restricted ? t('restriction.end') : t('restriction.begin')}
          </Button>
        ) : null}
      </div>
      <Loaded query={events} lines={1}>
        {(list) => (
          <ul className="rows">
            {list.map((event) => (
              <li key={event.id}>
                <div>
                  <strong>{event.restricted ? t('restriction.began') : t('restriction.ended')}</strong>
                  <p>{event.reason}</p>
                  <p className="hint">
                    {f.moment(event.at)}
                    {nameOf(event.actor) ? ` · ${nameOf(event.actor) ?? ''}` : ''}
                  </p>
                </div>
              </li>
            ))}
          </ul>
        )}
      </Loaded>
      {changing ? <Change patient={patient} onClose={() => setChanging(false)} /> : null}
    </>
  );
}

function Change({ patient, onClose }: { patient: Patient; onClose: () => void }) {
  const { t } = useI18n();
  const client = useQueryClient();
  const [reason, setReason] = useState('');
  const sending = useSend(
    (value: string, key) =>
      data(
        api().PUT('/api/v1/patients/{id}/restriction', {
          ...keyed(key),
          params: { path: { id: patient.id }, header: match(patient.version) },
          body: { restricted: !patient.restricted, reason: value },
        }),
      ),
    async () => {
      say(t('form.saved'));
      await client.invalidateQueries({ queryKey: restrictionQuery(patient.id).queryKey });
      await client.invalidateQueries({ queryKey: patientQuery(patient.id).queryKey });
      onClose();
    },
  );
  return (
    <FormDialog
      title={patient.restricted ? t('restriction.end') : t('restriction.begin')}
      go={patient.restricted ? t('restriction.end') : t('restriction.begin')}
      sending={sending}
      onClose={onClose}
      onSubmit={() => void sending.send(reason.trim())}
    >
      <p>{patient.restricted ? t('restriction.end-text') : t('restriction.begin-text')}</p>
      <TextField
        label={t('entry.reason')}
        hint={patient.restricted ? undefined : t('restriction.reason-hint')}
        value={reason}
        onValue={setReason}
        error={sending.problem?.field('reason')}
        maxLength={500}
        required
      />
    </FormDialog>
  );
}

import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, data, sending as keyed, type Schemas } from '../../api/client';
import { useSend } from '../../api/send';
import { full, listed, staffQuery } from '../../app/names';
import { can } from '../../app/permissions';
import { useMe } from '../../app/session';
import { useI18n } from '../../i18n';
import { dayIn, endOf } from '../../i18n/format';
import { FormDialog } from '../../ui/FormDialog';
import { Button, SelectField, TextField } from '../../ui/forms';
import { Icon } from '../../ui/Icon';
import { Empty, Loaded } from '../../ui/page';
import { say } from '../../ui/toasts';
import { careTeamQuery, lasts } from '../patient/queries';
import { usePatient } from './chart';

type Member = Schemas['CareTeamMember'];

/** Who treats the patient: they, and nobody else, see the record without a reason. */
export function Team() {
  const patient = usePatient();
  const me = useMe();
  const { t, f, word } = useI18n();
  const team = useQuery(careTeamQuery(patient.id));
  const manages = can(me.role, 'care-team.manage');
  const [naming, setNaming] = useState(false);
  const [ending, setEnding] = useState<Member>();
  return (
    <>
      <Loaded query={team} lines={1}>
        {(all) => {
          const list = all.filter((member) => lasts(member));
          return list.length === 0 ? (
            <Empty>{t('home.team-none')}</Empty>
          ) : (
            <ul className="rows">
              {list.map((member) => (
                <li key={member.id}>
                  <div>
                    <strong>{full(member)}</strong>
                    <p className="hint">
                      {word('role', member.role)} · {member.reason} · {t('record.since', { day: f.day(member.since) })}
                    </p>
                  </div>
                  {manages ? (
                    <Button
                      kind="quiet"
                      onClick={() => setEnding(member)}
                      aria-label={t('team.end-of', { name: full(member) })}
                    >
                      {t('team.end')}
                    </Button>
                  ) : null}
                </li>
              ))}
            </ul>
          );
        }}
      </Loaded>
      {manages ? (
        <Button onClick={() => setNaming(true)}>
          <Icon name="plus" size={16} /> {t('team.new')}
        </Button>
      ) : null}
      {naming ? <Name patient={patient.id} onClose={() => setNaming(false)} /> : null}
      {ending ? <End patient={patient.id} member={ending} onClose={() => setEnding(undefined)} /> : null}
    </>
  );
}

function useChange<V>(patient: string, run: (value: V, key: string) => Promise<unknown>, onClose: () => void) {
  const { t } = useI18n();
  const client = useQueryClient();
  return useSend(run, async () => {
    say(t('team.changed'));
    await client.invalidateQueries({ queryKey: careTeamQuery(patient).queryKey });
    onClose();
  });
}

function Name({ patient, onClose }: { patient: string; onClose: () => void }) {
  const { t, f, word } = useI18n();
  const staff = useQuery(staffQuery);
  const [who, setWho] = useState('');
  const [reason, setReason] = useState('');
  const [until, setUntil] = useState('');
  const sending = useChange(
    patient,
    (body: Schemas['NewCareTeamMember'], key) =>
      data(api().POST('/api/v1/patients/{id}/care-team', { ...keyed(key), params: { path: { id: patient } }, body })),
    onClose,
  );
  const treats = (staff.data ?? [])
    .filter((each) => each.active && (each.role === 'physician' || each.role === 'nurse'))
    .sort((one, other) => listed(one).localeCompare(listed(other)));
  const submit = () =>
    void sending.send({
      staff: who,
      reason: reason.trim(),
      until: until === '' ? null : endOf(f.zone, until),
    });
  return (
    <FormDialog title={t('team.new')} go={t('team.go')} sending={sending} onClose={onClose} onSubmit={submit}>
      <p>{t('team.text')}</p>
      <SelectField
        label={t('team.who')}
        placeholder={t('form.choose')}
        value={who}
        onValue={setWho}
        choices={treats.map((each) => ({ value: each.id, label: `${listed(each)} · ${word('role', each.role)}` }))}
        required
      />
      <TextField
        label={t('entry.reason')}
        hint={t('team.reason-hint')}
        value={reason}
        onValue={setReason}
        error={sending.problem?.field('reason')}
        maxLength={200}
        required
      />
      <TextField
        label={t('team.until')}
        value={until}
        onValue={setUntil}
        error={sending.problem?.field('until')}
        type="date"
        min={dayIn(f.zone)}
        optional
      />
    </FormDialog>
  );
}

function End({ patient, member, onClose }: { patient: string; member: Member; onClose: () => void }) {
  const { t } = useI18n();
  const sending = useChange(
    patient,
    (id: string, key) =>
      data(
        api().DELETE('/api/v1/patients/{id}/care-team/{member}', {
          ...keyed(key),
          params: { path: { id: patient, member: id } },
        }),
      ),
    onClose,
  );
  return (
    <FormDialog
      title={t('team.end-of', { name: full(member) })}
      go={t('team.end')}
      kind="danger"
      sending={sending}
      onClose={onClose}
      onSubmit={() => void sending.send(member.id)}
    >
      <p>{t('team.end-text')}</p>
    </FormDialog>
  );
}

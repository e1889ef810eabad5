import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState, type SubmitEvent } from 'react';
import { api, data, match, sending as keyed, type Schemas } from '../../api/client';
import { useSend } from '../../api/send';
import { listed, staffQuery } from '../../app/names';
import { roles } from '../../app/permissions';
import { useDraft } from '../../drafts/useDraft';
import { useVersioned } from '../../drafts/useVersioned';
import { useI18n } from '../../i18n';
import { fold } from '../staff/find';
import { ConflictDialog, Restored } from '../../ui/Conflict';
import { Dialog } from '../../ui/Dialog';
import { Button, CheckField, choicesOf, SelectField, TextField } from '../../ui/forms';
import { Icon } from '../../ui/Icon';
import { Empty, Failure, Loaded, Mark, Page } from '../../ui/page';
import { say } from '../../ui/toasts';
import type { Problem } from '../../api/problem';
import { GiveAccess } from './GiveAccess';

type Member = Schemas['StaffMember'];
type Fields = Readonly<{
  given_name: string;
  family_name: string;
  role: string;
  license_number: string;
  email: string;
  active: boolean;
}>;

const empty: Fields = { given_name: '', family_name: '', role: '', license_number: '', email: '', active: true };

const fieldsOf = (member: Member): Fields => ({
  given_name: member.given_name,
  family_name: member.family_name,
  role: member.role,
  license_number: member.license_number ?? '',
  email: member.email ?? '',
  active: member.active,
});

const contentOf = (fields: Fields): Schemas['StaffContent'] => ({
  given_name: fields.given_name.trim(),
  family_name: fields.family_name.trim(),
  role: fields.role as Schemas['Role'],
  license_number: fields.license_number.trim() === '' ? null : fields.license_number.trim(),
  email: fields.email.trim() === '' ? null : fields.email.trim(),
  active: fields.active,
});

/** Who works here: who they are, what they may do, whether they still do. */
export function PeoplePage() {
  const { t, word } = useI18n();
  const staff = useQuery(staffQuery);
  const [wanted, setWanted] = useState('');
  const [open, setOpen] = useState<Member | 'new'>();
  return (
    <Page
      title={t('people.title')}
      actions={
        <Button kind="main" onClick={() => setOpen('new')}>
          <Icon name="plus" /> {t('people.new')}
        </Button>
      }
    >
      <TextField label={t('people.filter')} value={wanted} onValue={setWanted} type="search" autoComplete="off" />
      <Loaded query={staff} lines={8}>
        {(list) => {
          const shown = list
            .filter((each) =>
              fold(`${each.given_name} ${each.family_name} ${word('role', each.role)}`).includes(fold(wanted)),
            )
            .sort((one, other) => listed(one).localeCompare(listed(other)));
          if (shown.length === 0) return <Empty>{t('people.none')}</Empty>;
          return (
            <>
              <p className="summary">{t('people.count.other', { count: shown.length })}</p>
              <ul className="rows">
                {shown.map((each) => (
                  <li key={each.id}>
                    <div>
                      <strong>{listed(each)}</strong>{' '}
                      {each.active ? null : <Mark kind="warning">{t('people.left')}</Mark>}
                      <p className="hint">
                        {word('role', each.role)}
                        {each.license_number ? ` · ${each.license_number}` : ''}
                      </p>
                    </div>
                    <Button onClick={() => setOpen(each)} aria-label={t('people.change-of', { name: listed(each) })}>
                      {t('people.change')}
                    </Button>
                  </li>
                ))}
              </ul>
            </>
          );
        }}
      </Loaded>
      {open === undefined ? null : open === 'new' ? (
        <New onClose={() => setOpen(undefined)} />
      ) : (
        <Change member={open} onClose={() => setOpen(undefined)} />
      )}
    </Page>
  );
}

function PersonFields({
  value,
  set,
  problem,
}: {
  value: Fields;
  set: (value: Fields) => void;
  problem: Problem | undefined;
}) {
  const { t, word } = useI18n();
  const field = (name: Exclude<keyof Fields, 'active'>) => ({
    value: value[name],
    onValue: (text: string) => set({ ...value, [name]: text }),
    error: problem?.field(name),
  });
  return (
    <div className="grid">
      <TextField label={t('patient.given-name')} {...field('given_name')} required autoComplete="off" />
      <TextField label={t('patient.family-name')} {...field('family_name')} required autoComplete="off" />
      <SelectField
        label={t('people.role')}
        {...field('role')}
        required
        placeholder={t('form.choose')}
        choices={choicesOf(
          word,
          'role',
          roles.filter((role) => role !== 'patient'),
        )}
      />
      <TextField label={t('people.licence')} {...field('license_number')} optional autoComplete="off" />
      <TextField label={t('patient.email')} {...field('email')} optional type="email" autoComplete="off" />
    </div>
  );
}

function New({ onClose }: { onClose: () => void }) {
  const { t } = useI18n();
  const client = useQueryClient();
  const draft = useDraft('person/new', empty);
  const sending = useSend(
    (body: Schemas['StaffContent'], key) => data(api().POST('/api/v1/staff', { ...keyed(key), body })),
    async () => {
      say(t('people.registered'));
      await draft.clear();
      await client.invalidateQueries({ queryKey: staffQuery.queryKey });
      onClose();
    },
  );
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    void sending.send(contentOf(draft.value));
  };
  return (
    <Dialog open firm wide onClose={onClose} title={t('people.new')}>
      <form className="form wide" onSubmit={submit}>
        <Restored restored={draft.restored} onDiscard={draft.clear} />
        <PersonFields value={draft.value} set={draft.set} problem={sending.problem} />
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

function Change({ member, onClose }: { member: Member; onClose: () => void }) {
  const { t, word } = useI18n();
  const client = useQueryClient();
  const path = { id: member.id };
  const form = useVersioned(
    `person/${member.id}`,
    { version: member.version, value: fieldsOf(member) },
    (value, version, key) =>
      data(
        api().PUT('/api/v1/staff/{id}', {
          ...keyed(key),
          params: { path, header: match(version) },
          body: contentOf(value),
        }),
      ),
    async () => {
      const now = await data(api().GET('/api/v1/staff/{id}', { params: { path } }));
      return { version: now.version, value: fieldsOf(now) };
    },
    async () => {
      say(t('form.saved'));
      await client.invalidateQueries({ queryKey: staffQuery.queryKey });
      onClose();
    },
  );
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    form.submit();
  };
  return (
    <Dialog open firm wide onClose={onClose} title={listed(member)}>
      <form className="form wide" onSubmit={submit}>
        <Restored restored={form.restored} onDiscard={form.discard} />
        <PersonFields value={form.value} set={form.set} problem={form.sending.problem} />
        <CheckField
          label={t('people.active')}
          hint={t('people.active-hint')}
          checked={form.value.active}
          onChecked={(active) => form.set({ ...form.value, active })}
        />
        {form.conflict ? null : <Failure problem={form.sending.problem} retry={form.submit} />}
        <ConflictDialog
          conflict={form.conflict}
          labels={{
            given_name: t('patient.given-name'),
            family_name: t('patient.family-name'),
            role: t('people.role'),
            license_number: t('people.licence'),
            email: t('patient.email'),
            active: t('people.active'),
          }}
          show={(value, field) =>
            field === 'role'
              ? word('role', String(value))
              : field === 'active'
                ? word('yes-no', String(value))
                : String(value ?? '')
          }
        />
        <div className="row end">
          <Button onClick={onClose}>{t('dialog.cancel')}</Button>
          <Button kind="main" type="submit" busy={form.sending.busy}>
            {t('form.save')}
          </Button>
        </div>
      </form>
      <h3>{t('people.access')}</h3>
      <p className="hint">{t('people.access-text')}</p>
      <GiveAccess
        suggestion={fold(`${member.given_name[0] ?? ''}${member.family_name.split(' ')[0] ?? ''}`)}
        give={(body, key) => data(api().POST('/api/v1/staff/{id}/access', { ...keyed(key), params: { path }, body }))}
      />
    </Dialog>
  );
}

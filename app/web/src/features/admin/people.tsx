import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api, data, match, sending as keyed, type Schemas } from '../../api/client';
import { listed, staffQuery } from '../../app/names';
import { roles } from '../../app/permissions';
import { useI18n } from '../../i18n';
import { fold } from '../staff/find';
import { Button, CheckField, choicesOf, SelectField, TextField } from '../../ui/forms';
import { Icon } from '../../ui/Icon';
import { Empty, Loaded, Mark, Page } from '../../ui/page';
import { ChangeDialog, MakeDialog, textField, type Editor } from './Editing';
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

function PersonFields(editor: Editor<Fields>) {
  const { t, word } = useI18n();
  return (
    <div className="grid">
      <TextField label={t('patient.given-name')} {...textField(editor, 'given_name')} required autoComplete="off" />
      <TextField label={t('patient.family-name')} {...textField(editor, 'family_name')} required autoComplete="off" />
      <SelectField
        label={t('people.role')}
        {...textField(editor, 'role')}
        required
        placeholder={t('form.choose')}
        choices={choicesOf(
          word,
          'role',
          roles.filter((role) => role !== 'patient'),
        )}
      />
      <TextField label={t('people.licence')} {...textField(editor, 'license_number')} optional autoComplete="off" />
      <TextField label={t('patient.email')} {...textField(editor, 'email')} optional type="email" autoComplete="off" />
    </div>
  );
}

function New({ onClose }: { onClose: () => void }) {
  const { t } = useI18n();
  return (
    <MakeDialog
      title={t('people.new')}
      draft="person/new"
      empty={empty}
      list={staffQuery.queryKey}
      save={(value, key) => data(api().POST('/api/v1/staff', { ...keyed(key), body: contentOf(value) }))}
      done={t('people.registered')}
      onClose={onClose}
    >
      {(editor) => <PersonFields {...editor} />}
    </MakeDialog>
  );
}

function Change({ member, onClose }: { member: Member; onClose: () => void }) {
  const { t, word } = useI18n();
  const path = { id: member.id };
  return (
    <ChangeDialog
      title={listed(member)}
      draft={`person/${member.id}`}
      read={{ version: member.version, value: fieldsOf(member) }}
      list={staffQuery.queryKey}
      save={(value, version, key) =>
        data(
          api().PUT('/api/v1/staff/{id}', {
            ...keyed(key),
            params: { path, header: match(version) },
            body: contentOf(value),
          }),
        )
      }
      reload={async () => {
        const now = await data(api().GET('/api/v1/staff/{id}', { params: { path } }));
        return { version: now.version, value: fieldsOf(now) };
      }}
      labels={{
        given_name: t('patient.given-name'),
        family_name: t('patient.family-name'),
        role: t('people.role'),
        license_number: t('people.licence'),
        email: t('patient.email'),
        active: t('people.active'),
      }}
      show={(value, field) => (field === 'role' ? word('role', String(value)) : undefined)}
      below={<Access member={member} />}
      onClose={onClose}
    >
      {(editor) => (
        <>
          <PersonFields {...editor} />
          <CheckField
            label={t('people.active')}
            hint={t('people.active-hint')}
            checked={editor.value.active}
            onChecked={(active) => editor.set({ ...editor.value, active })}
          />
        </>
      )}
    </ChangeDialog>
  );
}

function Access({ member }: { member: Member }) {
  const { t } = useI18n();
  const path = { id: member.id };
  return (
    <>
      <h3>{t('people.access')}</h3>
      <p className="hint">{t('people.access-text')}</p>
      <GiveAccess
        suggestion={fold(`${member.given_name[0] ?? ''}${member.family_name.split(' ')[0] ?? ''}`)}
        give={(body, key) => data(api().POST('/api/v1/staff/{id}/access', { ...keyed(key), params: { path }, body }))}
      />
    </>
  );
}

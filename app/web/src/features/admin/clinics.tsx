import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState, type SubmitEvent } from 'react';
import { api, data, match, sending as keyed, type Schemas } from '../../api/client';
import { useSend } from '../../api/send';
import { clinicsQuery, type Clinic } from '../../app/names';
import { useI18n } from '../../i18n';
import { Button, CheckField, TextField } from '../../ui/forms';
import { Icon } from '../../ui/Icon';
import { Empty, Failure, Loaded, Mark, Page } from '../../ui/page';
import { ChangeDialog, MakeDialog, textField, type Editor } from './Editing';

type Fields = Readonly<{ code: string; name: string; address: string; phone: string; active: boolean }>;

const empty: Fields = { code: '', name: '', address: '', phone: '', active: true };
const fieldsOf = (clinic: Clinic): Fields => ({
  code: clinic.code,
  name: clinic.name,
  address: clinic.address ?? '',
  phone: clinic.phone ?? '',
  active: clinic.active,
});
const contentOf = (fields: Fields): Schemas['ClinicContent'] => ({
  code: fields.code.trim(),
  name: fields.name.trim(),
  address: fields.address.trim() === '' ? null : fields.address.trim(),
  phone: fields.phone.trim() === '' ? null : fields.phone.replace(/\s/g, ''),
  active: fields.active,
});

export function ClinicsPage() {
  const { t } = useI18n();
  const clinics = useQuery(clinicsQuery);
  const [open, setOpen] = useState<Clinic | 'new'>();
  return (
    <Page
      title={t('clinics.title')}
      actions={
        <Button kind="main" onClick={() => setOpen('new')}>
          <Icon name="plus" /> {t('clinics.new')}
        </Button>
      }
    >
      <Loaded query={clinics} lines={3}>
        {(list) =>
          list.length === 0 ? (
            <Empty>{t('clinics.none')}</Empty>
          ) : (
            <ul className="rows">
              {[...list]
                .sort((one, other) => one.code.localeCompare(other.code))
                .map((each) => (
                  <li key={each.id}>
                    <div>
                      <strong>{each.name}</strong> <span className="hint">{each.code}</span>{' '}
                      {each.active ? null : <Mark kind="warning">{t('clinics.closed')}</Mark>}
                      <p className="hint">
                        {each.address ?? ''}
                        {each.phone ? ` · ${each.phone}` : ''}
                      </p>
                      <Departments clinic={each.id} />
                    </div>
                    <Button onClick={() => setOpen(each)} aria-label={t('people.change-of', { name: each.name })}>
                      {t('people.change')}
                    </Button>
                  </li>
                ))}
            </ul>
          )
        }
      </Loaded>
      {open === undefined ? null : open === 'new' ? (
        <New onClose={() => setOpen(undefined)} />
      ) : (
        <Change clinic={open} onClose={() => setOpen(undefined)} />
      )}
    </Page>
  );
}

function Departments({ clinic }: { clinic: string }) {
  const { t } = useI18n();
  const client = useQueryClient();
  const path = { id: clinic };
  const departments = useQuery({
    queryKey: ['departments', clinic],
    queryFn: () => data(api().GET('/api/v1/clinics/{id}/departments', { params: { path } })),
  });
  const [name, setName] = useState<string>();
  const adding = useSend(
    (body: { name: string }, key) =>
      data(api().POST('/api/v1/clinics/{id}/departments', { ...keyed(key), params: { path }, body })),
    async () => {
      setName(undefined);
      await client.invalidateQueries({ queryKey: ['departments', clinic] });
    },
  );
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (name !== undefined) void adding.send({ name: name.trim() });
  };
  return (
    <div className="departments">
      {departments.data && departments.data.length > 0 ? (
        <p>{departments.data.map((each) => each.name).join(' · ')}</p>
      ) : null}
      {name === undefined ? (
        <Button kind="quiet" onClick={() => setName('')}>
          <Icon name="plus" size={15} /> {t('clinics.department')}
        </Button>
      ) : (
        <form className="form line" onSubmit={submit}>
          <TextField
            label={t('clinics.department')}
            value={name}
            onValue={setName}
            error={adding.problem?.field('name')}
            required
            autoComplete="off"
          />
          <Button type="submit" busy={adding.busy}>
            {t('form.save')}
          </Button>
          <Failure problem={adding.problem} />
        </form>
      )}
    </div>
  );
}

function ClinicFields(editor: Editor<Fields>) {
  const { t } = useI18n();
  return (
    <div className="grid">
      <TextField label={t('clinics.name')} {...textField(editor, 'name')} required autoComplete="off" />
      <TextField label={t('clinics.code')} {...textField(editor, 'code')} required autoComplete="off" />
      <TextField label={t('patient.address')} {...textField(editor, 'address')} optional autoComplete="off" />
      <TextField label={t('patient.phone')} {...textField(editor, 'phone')} optional type="tel" autoComplete="off" />
    </div>
  );
}

function New({ onClose }: { onClose: () => void }) {
  const { t } = useI18n();
  return (
    <MakeDialog
      title={t('clinics.new')}
      draft="clinic/new"
      empty={empty}
      list={clinicsQuery.queryKey}
      save={(value, key) => data(api().POST('/api/v1/clinics', { ...keyed(key), body: contentOf(value) }))}
      done={t('form.saved')}
      onClose={onClose}
    >
      {(editor) => <ClinicFields {...editor} />}
    </MakeDialog>
  );
}

function Change({ clinic, onClose }: { clinic: Clinic; onClose: () => void }) {
  const { t } = useI18n();
  const path = { id: clinic.id };
  return (
    <ChangeDialog
      title={clinic.name}
      draft={`clinic/${clinic.id}`}
      read={{ version: clinic.version, value: fieldsOf(clinic) }}
      list={clinicsQuery.queryKey}
      save={(value, version, key) =>
        data(
          api().PUT('/api/v1/clinics/{id}', {
            ...keyed(key),
            params: { path, header: match(version) },
            body: contentOf(value),
          }),
        )
      }
      reload={async () => {
        const now = await data(api().GET('/api/v1/clinics/{id}', { params: { path } }));
        return { version: now.version, value: fieldsOf(now) };
      }}
      labels={{
        code: t('clinics.code'),
        name: t('clinics.name'),
        address: t('patient.address'),
        phone: t('patient.phone'),
        active: t('clinics.active'),
      }}
      onClose={onClose}
    >
      {(editor) => (
        <>
          <ClinicFields {...editor} />
          <CheckField
            label={t('clinics.active')}
            checked={editor.value.active}
            onChecked={(active) => editor.set({ ...editor.value, active })}
          />
        </>
      )}
    </ChangeDialog>
  );
}

import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState, type SubmitEvent } from 'react';
import { api, data, match, sending as keyed, type Schemas } from '../../api/client';
import type { Problem } from '../../api/problem';
import { useSend } from '../../api/send';
import { clinicsQuery, type Clinic } from '../../app/names';
import { useDraft } from '../../drafts/useDraft';
import { useVersioned } from '../../drafts/useVersioned';
import { useI18n } from '../../i18n';
import { ConflictDialog, Restored } from '../../ui/Conflict';
import { Dialog } from '../../ui/Dialog';
import { Button, CheckField, TextField } from '../../ui/forms';
import { Icon } from '../../ui/Icon';
import { Empty, Failure, Loaded, Mark, Page } from '../../ui/page';
import { say } from '../../ui/toasts';

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

function ClinicFields({
  value,
  set,
  problem,
}: {
  value: Fields;
  set: (value: Fields) => void;
  problem: Problem | undefined;
}) {
  const { t } = useI18n();
  const field = (name: Exclude<keyof Fields, 'active'>) => ({
    value: value[name],
    onValue: (text: string) => set({ ...value, [name]: text }),
    error: problem?.field(name),
  });
  return (
    <div className="grid">
      <TextField label={t('clinics.name')} {...field('name')} required autoComplete="off" />
      <TextField label={t('clinics.code')} {...field('code')} required autoComplete="off" />
      <TextField label={t('patient.address')} {...field('address')} optional autoComplete="off" />
      <TextField label={t('patient.phone')} {...field('phone')} optional type="tel" autoComplete="off" />
    </div>
  );
}

function New({ onClose }: { onClose: () => void }) {
  const { t } = useI18n();
  const client = useQueryClient();
  const draft = useDraft('clinic/new', empty);
  const sending = useSend(
    (body: Schemas['ClinicContent'], key) => data(api().POST('/api/v1/clinics', { ...keyed(key), body })),
    async () => {
      say(t('form.saved'));
      await draft.clear();
      await client.invalidateQueries({ queryKey: clinicsQuery.queryKey });
      onClose();
    },
  );
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    void sending.send(contentOf(draft.value));
  };
  return (
    <Dialog open firm wide onClose={onClose} title={t('clinics.new')}>
      <form className="form wide" onSubmit={submit}>
        <Restored restored={draft.restored} onDiscard={draft.clear} />
        <ClinicFields value={draft.value} set={draft.set} problem={sending.problem} />
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

function Change({ clinic, onClose }: { clinic: Clinic; onClose: () => void }) {
  const { t, word } = useI18n();
  const client = useQueryClient();
  const path = { id: clinic.id };
  const form = useVersioned(
    `clinic/${clinic.id}`,
    { version: clinic.version, value: fieldsOf(clinic) },
    (value, version, key) =>
      data(
        api().PUT('/api/v1/clinics/{id}', {
          ...keyed(key),
          params: { path, header: match(version) },
          body: contentOf(value),
        }),
      ),
    async () => {
      const now = await data(api().GET('/api/v1/clinics/{id}', { params: { path } }));
      return { version: now.version, value: fieldsOf(now) };
    },
    async () => {
      say(t('form.saved'));
      await client.invalidateQueries({ queryKey: clinicsQuery.queryKey });
      onClose();
    },
  );
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    form.submit();
  };
  return (
    <Dialog open firm wide onClose={onClose} title={clinic.name}>
      <form className="form wide" onSubmit={submit}>
        <Restored restored={form.restored} onDiscard={form.discard} />
        <ClinicFields value={form.value} set={form.set} problem={form.sending.problem} />
        <CheckField
          label={t('clinics.active')}
          checked={form.value.active}
          onChecked={(active) => form.set({ ...form.value, active })}
        />
        {form.conflict ? null : <Failure problem={form.sending.problem} retry={form.submit} />}
        <ConflictDialog
          conflict={form.conflict}
          labels={{
            code: t('clinics.code'),
            name: t('clinics.name'),
            address: t('patient.address'),
            phone: t('patient.phone'),
            active: t('clinics.active'),
          }}
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

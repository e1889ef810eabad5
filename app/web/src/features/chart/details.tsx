import { useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState, type SubmitEvent } from 'react';
import { api, data, match, sending as keyed } from '../../api/client';
import { can } from '../../app/permissions';
import { patientQuery } from '../../app/names';
import { useMe } from '../../app/session';
import { useVersioned } from '../../drafts/useVersioned';
import { useI18n } from '../../i18n';
import { ConflictDialog, Restored } from '../../ui/Conflict';
import { Button, TextField } from '../../ui/forms';
import { Failure, Notice, Section } from '../../ui/page';
import { say } from '../../ui/toasts';
import { GiveAccess } from '../admin/GiveAccess';
import type { Patient } from '../staff/find';
import { contentOf, detailsOf, PatientFields, usePatientLabels } from '../staff/PatientFields';
import { usePatient } from './chart';
import { History } from './History';
import { Team } from './Team';

export function Details() {
  const patient = usePatient();
  const me = useMe();
  const { t } = useI18n();
  return (
    <>
      <Section title={t('details.title')} actions={<History />}>
        {can(me.role, 'patient.update') || can(me.role, 'data.rights') ? (
          <Edit key={patient.id} patient={patient} />
        ) : (
          <Shown patient={patient} />
        )}
      </Section>
      {can(me.role, 'care-team.read') ? (
        <Section title={t('details.team')}>
          <Team />
        </Section>
      ) : null}
      {can(me.role, 'patient.account') ? (
        <Section title={t('details.access')}>
          <p>{t('details.access-text')}</p>
          <GiveAccess
            suggestion={(patient.email ?? patient.document_number ?? '').toLowerCase()}
            give={(body, key) =>
              data(
                api().POST('/api/v1/patients/{id}/access', {
                  ...keyed(key),
                  params: { path: { id: patient.id } },
                  body,
                }),
              )
            }
          />
        </Section>
      ) : null}
      {can(me.role, 'patient.merge') && !patient.merged_into ? (
        <Section title={t('merge.section')}>
          <div className="row between">
            <p>{t('merge.section-text')}</p>
            <Link to="/patients/$patient/merge" params={{ patient: patient.id }} className="button">
              {t('merge.start')}
            </Link>
          </div>
        </Section>
      ) : null}
    </>
  );
}

function Shown({ patient }: { patient: Patient }) {
  const { f } = useI18n();
  const labels = usePatientLabels();
  const details = detailsOf(patient);
  const shown = (['birth_date', 'document_number', 'phone', 'email', 'address', 'postal_code'] as const).filter(
    (field) => details[field] !== '',
  );
  return (
    <dl className="facts">
      {shown.map((field) => (
        <div key={field}>
          <dt>{labels[field]}</dt>
          <dd>{field === 'birth_date' ? f.date(details[field]) : details[field]}</dd>
        </div>
      ))}
    </dl>
  );
}

function Edit({ patient }: { patient: Patient }) {
  const { t, word, f } = useI18n();
  const labels = usePatientLabels();
  const client = useQueryClient();
  const me = useMe();
  const byRight = can(me.role, 'data.rights');
  const [reason, setReason] = useState('');
  const path = { id: patient.id };
  const form = useVersioned(
    `details/${patient.id}`,
    { version: patient.version, value: detailsOf(patient) },
    (value, version, key) => {
      const options = { ...keyed(key), params: { path, header: match(version) } };
      return byRight
        ? data(
            api().PUT('/api/v1/patients/{id}/rectification', {
              ...options,
              body: { patient: contentOf(value), reason: reason.trim() },
            }),
          )
        : data(api().PUT('/api/v1/patients/{id}', { ...options, body: { patient: contentOf(value) } }));
    },
    async () => {
      const now = await data(api().GET('/api/v1/patients/{id}', { params: { path } }));
      return { version: now.version, value: detailsOf(now) };
    },
    async () => {
      say(t('details.saved'));
      setReason('');
      await client.invalidateQueries({ queryKey: patientQuery(patient.id).queryKey });
    },
  );
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    form.submit();
  };
  return (
    <form className="form wide" onSubmit={submit}>
      <Restored restored={form.restored} onDiscard={form.discard} />
      {byRight ? <Notice title={t('details.rectify')} /> : null}
      <PatientFields value={form.value} onValue={form.set} problem={form.sending.problem} />
      {byRight ? (
        <TextField
          label={t('details.reason')}
          value={reason}
          onValue={setReason}
          error={form.sending.problem?.field('reason')}
          maxLength={400}
          required
        />
      ) : null}
      {form.conflict ? null : <Failure problem={form.sending.problem} retry={form.submit} />}
      <ConflictDialog
        conflict={form.conflict}
        labels={labels}
        show={(value, field) => {
          const text = String(value ?? '');
          if (text === '') return '';
          return field === 'sex' || field === 'language'
            ? word(field, text)
            : field === 'birth_date'
              ? f.date(text)
              : text;
        }}
      />
      <div className="row">
        <Button kind="main" type="submit" busy={form.sending.busy}>
          {form.sending.busy ? t('form.saving') : t('form.save')}
        </Button>
      </div>
    </form>
  );
}

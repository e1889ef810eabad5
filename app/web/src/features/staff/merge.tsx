import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate, useParams } from '@tanstack/react-router';
import { useState, type SubmitEvent } from 'react';
import { api, data, match, sending as keyed } from '../../api/client';
import { useSend } from '../../api/send';
import { full, listed, patientQuery } from '../../app/names';
import { useI18n } from '../../i18n';
import { Button, TextField } from '../../ui/forms';
import { Failure, Loaded, Notice, Page, Section } from '../../ui/page';
import { say } from '../../ui/toasts';
import type { Patient } from './find';
import { compared, detailsOf, usePatientLabels } from './PatientFields';
import { SearchBox } from './SearchBox';

/** Two registrations of one person become one: both are compared, one is kept, and the fact stays on record. */
export function MergePage() {
  const { patient: id } = useParams({ from: '/signed-in/patients/$patient/merge' });
  const { t } = useI18n();
  const first = useQuery(patientQuery(id));
  const [other, setOther] = useState<string>();
  const second = useQuery({ ...patientQuery(other ?? ''), enabled: other !== undefined });
  return (
    <Page title={t('merge.title')} lead={t('merge.lead')}>
      <Loaded query={first} lines={4}>
        {(one) => (
          <>
            <Section title={listed(one)}>
              {other === undefined ? (
                <SearchBox focus label={t('merge.other')} onChoose={(found) => setOther(found.id)} />
              ) : other === one.id ? (
                <Notice kind="warning" title={t('merge.same')}>
                  <Button onClick={() => setOther(undefined)}>{t('merge.another')}</Button>
                </Notice>
              ) : (
                <Loaded query={second} lines={6}>
                  {(two) => <Compare one={one} two={two} onOther={() => setOther(undefined)} />}
                </Loaded>
              )}
            </Section>
          </>
        )}
      </Loaded>
    </Page>
  );
}

function Compare({ one, two, onOther }: { one: Patient; two: Patient; onOther: () => void }) {
  const { t, f, word } = useI18n();
  const labels = usePatientLabels();
  const client = useQueryClient();
  const navigate = useNavigate();
  const [kept, setKept] = useState(one.id);
  const [reason, setReason] = useState('');
  const pair = [one, two] as const;
  const survivor = kept === one.id ? one : two;
  const duplicate = kept === one.id ? two : one;
  const merging = useSend(
    ({ to, from, version, why }: { to: string; from: string; version: number; why: string }, key) =>
      data(
        api().POST('/api/v1/patients/{id}/merge', {
          ...keyed(key),
          params: { path: { id: to }, header: match(version) },
          body: { duplicate: from, reason: why },
        }),
      ),
    async ({ id }) => {
      say(t('merge.done'));
      await client.invalidateQueries();
      await navigate({ to: '/patients/$patient/details', params: { patient: id } });
    },
  );
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    void merging.send({ to: survivor.id, from: duplicate.id, version: survivor.version, why: reason.trim() });
  };
  const shown = (patient: Patient, field: (typeof compared)[number]) => {
    const value = detailsOf(patient)[field];
    if (value === '') return '—';
    return field === 'sex' ? word('sex', value) : field === 'birth_date' ? f.date(value) : value;
  };
  return (
    <form className="form wide merge" onSubmit={submit}>
      <div className="scroll" tabIndex={0} role="region" aria-label={t('merge.title')}>
        <table className="table compare">
          <thead>
            <tr>
              <td />
              {pair.map((patient, index) => (
                <th key={patient.id} scope="col">
                  <label>
                    <input
                      type="radio"
                      name="kept"
                      checked={kept === patient.id}
                      onChange={() => setKept(patient.id)}
                    />{' '}
                    {t('merge.keep', { number: index + 1 })}
                  </label>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {compared.map((field) => {
              const differs = shown(one, field) !== shown(two, field);
              return (
                <tr key={field} className={differs ? 'differs' : ''}>
                  <th scope="row">
                    {labels[field]} {differs ? <span className="unseen">({t('merge.differs')})</span> : null}
                  </th>
                  {pair.map((patient) => (
                    <td key={patient.id}>{shown(patient, field)}</td>
                  ))}
                </tr>
              );
            })}
            <tr>
              <th scope="row">{t('merge.changed')}</th>
              {pair.map((patient) => (
                <td key={patient.id}>{f.moment(patient.updated_at)}</td>
              ))}
            </tr>
          </tbody>
        </table>
      </div>
      <Notice kind="warning" title={t('merge.what')}>
        <ul>
          <li>{t('merge.moves', { name: full(survivor) })}</li>
          <li>{t('merge.details')}</li>
          <li>{t('merge.ends')}</li>
        </ul>
      </Notice>
      <TextField
        label={t('merge.reason')}
        hint={t('merge.reason-hint')}
        value={reason}
        onValue={setReason}
        error={merging.problem?.field('reason')}
        maxLength={500}
        required
      />
      <Failure problem={merging.problem} />
      <div className="row end">
        <Button onClick={onOther}>{t('merge.another')}</Button>
        <Button kind="danger" type="submit" busy={merging.busy}>
          {t('merge.go')}
        </Button>
      </div>
    </form>
  );
}

import { Link, useNavigate } from '@tanstack/react-router';
import type { SubmitEvent } from 'react';
import { api, data, sending as keyed, type Schemas } from '../../api/client';
import { useSend } from '../../api/send';
import { listed } from '../../app/names';
import { useDraft } from '../../drafts/useDraft';
import { useI18n } from '../../i18n';
import { Restored } from '../../ui/Conflict';
import { Button } from '../../ui/forms';
import { Failure, Notice, Page } from '../../ui/page';
import { say } from '../../ui/toasts';
import { contentOf, noDetails, PatientFields } from './PatientFields';

/** A new patient. Likely duplicates are shown before anything is saved. */
export function RegisterPage() {
  const { t, f } = useI18n();
  const navigate = useNavigate();
  const draft = useDraft('register', noDetails);
  const sending = useSend(
    (body: Schemas['NewPatient'], key) => data(api().POST('/api/v1/patients', { ...keyed(key), body })),
    async (patient) => {
      say(t('register.done'));
      await draft.clear();
      await navigate({ to: '/patients/$patient/details', params: { patient: patient.id } });
    },
    draft.keys,
  );
  const send = (sure: boolean) =>
    void sending.send({ patient: contentOf(draft.value), ...(sure ? { not_a_duplicate: true } : {}) });
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    send(false);
  };
  const duplicates =
    sending.problem?.kind === 'possible-duplicate' && Array.isArray(sending.problem.body['candidates'])
      ? (sending.problem.body['candidates'] as Partial<Schemas['Patient']>[])
      : undefined;
  return (
    <Page title={t('register.title')}>
      <Restored restored={draft.restored} onDiscard={draft.clear} />
      <form className="form" onSubmit={submit}>
        <PatientFields value={draft.value} onValue={draft.set} problem={sending.problem} />
        {duplicates ? (
          <Notice kind="warning" title={t('register.duplicate')}>
            <ul className="rows">
              {duplicates.map((each) => (
                <li key={each.id}>
                  <Link to="/patients/$patient" params={{ patient: each.id ?? '' }}>
                    {each.family_name === undefined
                      ? each.id
                      : listed({ family_name: each.family_name, given_name: each.given_name ?? '' })}
                  </Link>
                  <span className="hint">
                    {each.birth_date ? f.date(each.birth_date) : ''} {each.document_number ?? ''}
                  </span>
                </li>
              ))}
            </ul>
            <Button busy={sending.busy} onClick={() => send(true)}>
              {t('register.another')}
            </Button>
          </Notice>
        ) : (
          <Failure problem={sending.problem} retry={() => send(false)} />
        )}
        <div className="row">
          <Button kind="main" type="submit" busy={sending.busy}>
            {t('register.go')}
          </Button>
        </div>
      </form>
    </Page>
  );
}

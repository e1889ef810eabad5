import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState, type SubmitEvent } from 'react';
import { api, data, match, sending as keyed, type Schemas } from '../../api/client';
import { useSend } from '../../api/send';
import { full } from '../../app/names';
import { useI18n } from '../../i18n';
import { Dialog } from '../../ui/Dialog';
import { Button, CheckField, TextField } from '../../ui/forms';
import { Failure, Loaded, Notice } from '../../ui/page';
import { fold } from '../staff/find';
import type { Patient } from '../staff/find';
import { Fates } from './Fates';
import { erasurePlanQuery } from './queries';

/** Erases what may be erased. It is shown beforehand what that is, and afterwards what was kept and why. */
export function Erase({ patient }: { patient: Patient }) {
  const { t } = useI18n();
  const [open, setOpen] = useState(false);
  return (
    <>
      <div className="row between">
        <p>{t('erasure.text')}</p>
        <Button onClick={() => setOpen(true)}>{t('erasure.look')}</Button>
      </div>
      {open ? <Plan patient={patient} onClose={() => setOpen(false)} /> : null}
    </>
  );
}

function Plan({ patient, onClose }: { patient: Patient; onClose: () => void }) {
  const { t } = useI18n();
  // What the person was called: after the erasure nobody is called so any more.
  const [name] = useState(full(patient));
  const [erased, setErased] = useState<Schemas['Erasure']>();
  const plan = useQuery({ ...erasurePlanQuery(patient.id), enabled: erased === undefined });
  return (
    <Dialog open firm wide onClose={onClose} title={t('erasure.of', { name })}>
      {erased ? (
        <>
          <Notice kind="good" title={erased.outcome.complete ? t('erasure.done-complete') : t('erasure.done-partly')}>
            <p>{t('erasure.done-text')}</p>
          </Notice>
          <Fates outcome={erased.outcome} done />
          <div className="row end">
            <Button kind="main" onClick={onClose}>
              {t('dialog.close')}
            </Button>
          </div>
        </>
      ) : (
        <Loaded query={plan} lines={6}>
          {(outcome) => (
            <>
              <p>{t('erasure.plan', { years: outcome.retention_years })}</p>
              <Fates outcome={outcome} />
              <Confirm
                patient={patient}
                name={name}
                version={outcome.version}
                complete={outcome.complete}
                onClose={onClose}
                onErased={setErased}
                reload={() => void plan.refetch()}
              />
            </>
          )}
        </Loaded>
      )}
    </Dialog>
  );
}

function Confirm({
  patient,
  name,
  version,
  complete,
  onClose,
  onErased,
  reload,
}: {
  patient: Patient;
  name: string;
  version: number;
  complete: boolean;
  onClose: () => void;
  onErased: (erasure: Schemas['Erasure']) => void;
  reload: () => void;
}) {
  const { t } = useI18n();
  const client = useQueryClient();
  const [reason, setReason] = useState('');
  const [typed, setTyped] = useState('');
  const [block, setBlock] = useState(true);
  const [wrong, setWrong] = useState(false);
  const sending = useSend(
    (body: Schemas['NewErasure'], key) =>
      data(
        api().POST('/api/v1/patients/{id}/erasure', {
          ...keyed(key),
          params: { path: { id: patient.id }, header: match(version) },
          body,
        }),
      ),
    async (done) => {
      onErased(done);
      await client.invalidateQueries();
    },
  );
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const sure = fold(typed) === fold(patient.family_name);
    setWrong(!sure);
    if (sure) void sending.send({ reason: reason.trim(), block: complete || block });
  };
  return (
    <form className="form wide" onSubmit={submit}>
      <TextField
        label={t('erasure.reason')}
        hint={t('erasure.reason-hint')}
        value={reason}
        onValue={setReason}
        error={sending.problem?.field('reason')}
        maxLength={500}
        required
      />
      {complete ? null : (
        <CheckField label={t('erasure.block')} hint={t('erasure.block-hint')} checked={block} onChecked={setBlock} />
      )}
      <TextField
        label={t('erasure.sure', { name })}
        value={typed}
        onValue={setTyped}
        error={wrong ? t('erasure.not-so') : undefined}
        autoComplete="off"
        required
      />
      <Failure problem={sending.problem} />
      {sending.problem?.kind === 'changed' ? <Button onClick={reload}>{t('erasure.again')}</Button> : null}
      <div className="row end">
        <Button onClick={onClose}>{t('dialog.cancel')}</Button>
        <Button kind="danger" type="submit" busy={sending.busy}>
          {t('erasure.go')}
        </Button>
      </div>
    </form>
  );
}

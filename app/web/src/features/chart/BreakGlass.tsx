import { useQueryClient } from '@tanstack/react-query';
import type { SubmitEvent } from 'react';
import { api, data, sending as keyed } from '../../api/client';
import { useSend } from '../../api/send';
import { can } from '../../app/permissions';
import { useMe } from '../../app/session';
import { useDraft } from '../../drafts/useDraft';
import { useI18n } from '../../i18n';
import { Restored } from '../../ui/Conflict';
import { Button, TextArea } from '../../ui/forms';
import { Icon } from '../../ui/Icon';
import { Failure } from '../../ui/page';
import { say } from '../../ui/toasts';
import type { Patient } from '../staff/find';

/** No care relationship is known: the record opens with a reason, for a limited time, and somebody reviews it. */
export function BreakGlass({ patient }: { patient: Patient }) {
  const { t } = useI18n();
  const me = useMe();
  return (
    <section className="glass">
      <Icon name="lock" size={32} />
      <h2>{t('glass.title')}</h2>
      <p>{t('glass.text')}</p>
      {can(me.role, 'emergency.open') ? <OpenInEmergency patient={patient.id} /> : null}
    </section>
  );
}

/** Opens a record with a written reason. */
export function OpenInEmergency({ patient }: { patient: string }) {
  const { t, f } = useI18n();
  const client = useQueryClient();
  const draft = useDraft(`emergency/${patient}`, '');
  const opening = useSend(
    (body: { reason: string }, key) =>
      data(api().POST('/api/v1/patients/{id}/emergency', { ...keyed(key), params: { path: { id: patient } }, body })),
    async (access) => {
      say(t('glass.opened', { time: f.time(access.expires_at) }));
      await draft.clear();
      await client.invalidateQueries();
    },
    draft.keys,
  );
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    void opening.send({ reason: draft.value.trim() });
  };
  return (
    <form className="form" onSubmit={submit}>
      <Restored restored={draft.restored} onDiscard={draft.clear} />
      <TextArea
        label={t('glass.reason')}
        hint={t('glass.reason-hint')}
        value={draft.value}
        onValue={draft.set}
        error={opening.problem?.field('reason')}
        minLength={10}
        maxLength={1000}
        required
      />
      {opening.problem?.field('reason') === undefined ? <Failure problem={opening.problem} /> : null}
      <Button kind="danger" type="submit" busy={opening.busy}>
        {t('glass.open')}
      </Button>
    </form>
  );
}

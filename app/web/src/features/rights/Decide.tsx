import { useQueryClient } from '@tanstack/react-query';
import { api, data, match, sending as keyed, type Schemas } from '../../api/client';
import { useSend } from '../../api/send';
import { useDraft } from '../../drafts/useDraft';
import { useI18n } from '../../i18n';
import { Restored } from '../../ui/Conflict';
import { FormDialog } from '../../ui/FormDialog';
import { choicesOf, SelectField, TextArea } from '../../ui/forms';
import { say } from '../../ui/toasts';
import type { RightsRequest } from './queries';

const decisions = ['granted', 'partly', 'refused'] as const;

/** Decides what was asked for, once; the person reads the answer. */
export function Decide({ request, onClose }: { request: RightsRequest; onClose: () => void }) {
  const { t, word } = useI18n();
  const client = useQueryClient();
  const draft = useDraft(`decision/${request.id}`, { decision: '', explanation: '' });
  const { value, set } = draft;
  const sending = useSend(
    (body: Schemas['NewRightsDecision'], key) =>
      data(
        api().POST('/api/v1/patients/{id}/rights-requests/{request}/decision', {
          ...keyed(key),
          params: { path: { id: request.patient, request: request.id }, header: match(request.version) },
          body,
        }),
      ),
    async () => {
      say(t('rights.answered'));
      await draft.clear();
      await client.invalidateQueries({ queryKey: ['rights'] });
      onClose();
    },
    draft.keys,
  );
  const submit = () =>
    void sending.send({
      decision: value.decision as Schemas['RightsDecision'],
      explanation: value.explanation.trim(),
    });
  return (
    <FormDialog
      title={t('rights.decide-of', { right: word('right', request.kind) })}
      go={t('rights.answer')}
      sending={sending}
      onClose={onClose}
      onSubmit={submit}
    >
      <p className="prose sheet">{request.wording}</p>
      <p className="hint">{word('right-do', request.kind)}</p>
      <Restored restored={draft.restored} onDiscard={draft.clear} />
      <SelectField
        label={t('rights.decision')}
        placeholder={t('form.choose')}
        value={value.decision}
        onValue={(decision) => set({ ...value, decision })}
        choices={choicesOf(word, 'decision', decisions)}
        required
      />
      <TextArea
        label={t('rights.explanation')}
        hint={t('rights.explanation-hint')}
        value={value.explanation}
        onValue={(explanation) => set({ ...value, explanation })}
        error={sending.problem?.field('explanation')}
        maxLength={4000}
        required
      />
    </FormDialog>
  );
}

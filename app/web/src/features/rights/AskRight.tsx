import { useQueryClient } from '@tanstack/react-query';
import { api, data, sending as keyed, type Schemas } from '../../api/client';
import { useSend } from '../../api/send';
import { useDraft } from '../../drafts/useDraft';
import { useI18n } from '../../i18n';
import { Restored } from '../../ui/Conflict';
import { FormDialog } from '../../ui/FormDialog';
import { choicesOf, SelectField, TextArea } from '../../ui/forms';
import { say } from '../../ui/toasts';
import { rights } from './queries';

/** Asks for a right over somebody's data: by the person, or at the desk in their words. */
export function AskRight({ patient, onClose }: { patient: string; onClose: () => void }) {
  const { t, word } = useI18n();
  const client = useQueryClient();
  const draft = useDraft(`right/${patient}`, { kind: '', wording: '' });
  const { value, set } = draft;
  const sending = useSend(
    (body: Schemas['NewRightsRequest'], key) =>
      data(
        api().POST('/api/v1/patients/{id}/rights-requests', {
          ...keyed(key),
          params: { path: { id: patient } },
          body,
        }),
      ),
    async () => {
      say(t('rights.sent'));
      await draft.clear();
      await client.invalidateQueries({ queryKey: ['rights'] });
      onClose();
    },
    draft.keys,
  );
  return (
    <FormDialog
      title={t('rights.ask')}
      go={t('rights.send')}
      sending={sending}
      onClose={onClose}
      onSubmit={() => void sending.send({ kind: value.kind as Schemas['Right'], wording: value.wording.trim() })}
    >
      <Restored restored={draft.restored} onDiscard={draft.clear} />
      <SelectField
        label={t('rights.which')}
        placeholder={t('form.choose')}
        value={value.kind}
        onValue={(kind) => set({ ...value, kind })}
        choices={choicesOf(word, 'right', rights)}
        hint={value.kind === '' ? t('rights.month') : word('right-means', value.kind)}
        required
      />
      <TextArea
        label={t('rights.wording')}
        hint={t('rights.wording-hint')}
        value={value.wording}
        onValue={(wording) => set({ ...value, wording })}
        error={sending.problem?.field('wording')}
        maxLength={4000}
        required
      />
    </FormDialog>
  );
}

import { useQueryClient } from '@tanstack/react-query';
import { api, data, sending as keyed } from '../../api/client';
import { useSend, type Keys } from '../../api/send';
import { useDraft } from '../../drafts/useDraft';
import { useI18n } from '../../i18n';
import { dayIn, instant } from '../../i18n/format';
import { Restored } from '../../ui/Conflict';
import { FormDialog } from '../../ui/FormDialog';
import { choicesOf, SelectField, TextField } from '../../ui/forms';
import { say } from '../../ui/toasts';
import type { Content } from '../patient/queries';
import { usePatient } from './chart';

/**
 * Adds entries to the record that is open. Each has a key of its own until all are added: after a failure, or a correction
 * of one of them, the others are not added twice.
 */
export function useAdd(keys: Keys, done: () => unknown) {
  const patient = usePatient();
  const client = useQueryClient();
  const { t } = useI18n();
  return useSend(
    async (contents: readonly Content[]) => {
      for (const content of contents) {
        await data(
          api().POST('/api/v1/patients/{id}/entries', {
            ...keyed(keys.of(JSON.stringify(content))),
            params: { path: { id: patient.id } },
            body: { content },
          }),
        );
      }
    },
    async () => {
      keys.forget();
      say(t('add.done'));
      await done();
      await client.invalidateQueries({ queryKey: ['entries', patient.id] });
    },
  );
}

const categories = ['medication', 'food', 'environment', 'biologic'] as const;
const criticalities = ['low', 'high', 'unknown'] as const;

export function AddAllergy({ onClose }: { onClose: () => void }) {
  const patient = usePatient();
  const { t, word } = useI18n();
  const draft = useDraft(`allergy/${patient.id}`, {
    substance: '',
    category: 'medication',
    atc: '',
    reaction: '',
    criticality: 'unknown',
  });
  const adding = useAdd(draft.keys, async () => {
    await draft.clear();
    onClose();
  });
  const { value, set } = draft;
  const field = (name: keyof typeof value) => ({
    value: value[name],
    onValue: (text: string) => set({ ...value, [name]: text }),
    error: adding.problem?.field(name),
  });
  const submit = () =>
    void adding.send([
      {
        kind: 'allergy',
        substance: value.substance.trim(),
        category: value.category as (typeof categories)[number],
        criticality: value.criticality as (typeof criticalities)[number],
        atc: value.atc.trim() === '' ? null : value.atc.trim().toUpperCase(),
        reaction: value.reaction.trim() === '' ? null : value.reaction.trim(),
      },
    ]);
  return (
    <FormDialog title={t('add.allergy')} go={t('add.go')} sending={adding} onClose={onClose} onSubmit={submit}>
      <Restored restored={draft.restored} onDiscard={draft.clear} />
      <TextField label={t('allergy.substance')} {...field('substance')} required maxLength={200} />
      <SelectField
        label={t('allergy.category')}
        {...field('category')}
        choices={choicesOf(word, 'allergy-category', categories)}
      />
      {value.category === 'medication' ? (
        <TextField label={t('allergy.atc')} hint={t('allergy.atc-hint')} optional {...field('atc')} maxLength={7} />
      ) : null}
      <TextField label={t('allergy.reaction')} optional {...field('reaction')} maxLength={200} />
      <SelectField
        label={t('allergy.criticality')}
        {...field('criticality')}
        choices={choicesOf(word, 'criticality', criticalities)}
      />
    </FormDialog>
  );
}

const statuses = ['active', 'remission', 'resolved'] as const;

export function AddCondition({ onClose }: { onClose: () => void }) {
  const patient = usePatient();
  const { t, f, word } = useI18n();
  const draft = useDraft(`condition/${patient.id}`, { description: '', icd10: '', status: 'active', onset: '' });
  const adding = useAdd(draft.keys, async () => {
    await draft.clear();
    onClose();
  });
  const { value, set } = draft;
  const field = (name: keyof typeof value) => ({
    value: value[name],
    onValue: (text: string) => set({ ...value, [name]: text }),
    error: adding.problem?.field(name),
  });
  const submit = () =>
    void adding.send([
      {
        kind: 'condition',
        description: value.description.trim(),
        icd10: value.icd10.trim().toUpperCase(),
        status: value.status as (typeof statuses)[number],
        onset: value.onset === '' ? null : instant(f.zone, value.onset).toISOString(),
      },
    ]);
  return (
    <FormDialog title={t('add.condition')} go={t('add.go')} sending={adding} onClose={onClose} onSubmit={submit}>
      <Restored restored={draft.restored} onDiscard={draft.clear} />
      <TextField label={t('condition.description')} {...field('description')} required maxLength={200} />
      <TextField
        label={t('condition.icd10')}
        hint={t('condition.icd10-hint')}
        {...field('icd10')}
        required
        maxLength={8}
      />
      <SelectField
        label={t('condition.status')}
        {...field('status')}
        choices={choicesOf(word, 'condition-status', statuses)}
      />
      <TextField label={t('condition.onset')} type="date" optional {...field('onset')} max={dayIn(f.zone)} />
    </FormDialog>
  );
}

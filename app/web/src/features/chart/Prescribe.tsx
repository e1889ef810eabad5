import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useId, useState, type SubmitEvent } from 'react';
import { api, data, match, sending as keyed, type Schemas } from '../../api/client';
import { useSend } from '../../api/send';
import { useDraft } from '../../drafts/useDraft';
import { useI18n } from '../../i18n';
import { Restored } from '../../ui/Conflict';
import { Dialog } from '../../ui/Dialog';
import { Button, TextField } from '../../ui/forms';
import { Failure, Loaded } from '../../ui/page';
import type { Prescription } from '../patient/queries';
import { usePatient } from './chart';
import { medicines, renamed, substance, unnamed } from './medicines';
import { Sign } from './SignPrescription';

type Content = Schemas['PrescriptionContent'];
type Fields = Readonly<
  Record<
    'medication' | 'atc' | 'dose' | 'route' | 'frequency' | 'quantity' | 'unit' | 'duration_days' | 'indication',
    string
  >
>;

const empty: Fields = { ...unnamed, dose: '1', duration_days: '', indication: '' };

function fieldsOf(draft: Prescription): Fields {
  return {
    medication: draft.medication,
    atc: draft.atc,
    dose: draft.dose,
    route: draft.route,
    frequency: draft.frequency,
    quantity: String(draft.quantity),
    unit: draft.unit,
    duration_days: draft.duration_days ? String(draft.duration_days) : '',
    indication: draft.indication ?? '',
  };
}

function contentOf(fields: Fields): Content {
  return {
    medication: fields.medication.trim(),
    atc: fields.atc.trim().toUpperCase(),
    dose: fields.dose.trim(),
    route: fields.route.trim(),
    frequency: fields.frequency.trim(),
    quantity: Number(fields.quantity),
    unit: fields.unit.trim(),
    duration_days: fields.duration_days.trim() === '' ? null : Number(fields.duration_days),
    indication: fields.indication.trim() === '' ? null : fields.indication.trim(),
  };
}

/** First what, then what speaks against it, then the signature. */
export function Prescribe({ draft, onClose }: { draft: Prescription | undefined; onClose: () => void }) {
  const { t } = useI18n();
  const patient = usePatient();
  const [checked, setChecked] = useState<Prescription | undefined>(draft);
  const [writing, setWriting] = useState(draft === undefined);
  const path = { id: patient.id, prescription: checked?.id ?? '' };
  const warnings = useQuery({
    queryKey: ['prescriptions', patient.id, 'warnings', checked?.id, checked?.version],
    queryFn: () => data(api().GET('/api/v1/patients/{id}/prescriptions/{prescription}/warnings', { params: { path } })),
    enabled: checked !== undefined && !writing,
    staleTime: 0,
  });
  return (
    <Dialog open firm wide onClose={onClose} title={writing ? t('prescribe.title') : t('prescribe.check')}>
      {writing || !checked ? (
        <Write
          draft={checked}
          onChecked={(prescription) => {
            setChecked(prescription);
            setWriting(false);
          }}
          onClose={onClose}
        />
      ) : (
        <Loaded query={warnings} lines={3}>
          {(list) => <Sign prescription={checked} warnings={list} onBack={() => setWriting(true)} onClose={onClose} />}
        </Loaded>
      )}
    </Dialog>
  );
}

function Write({
  draft,
  onChecked,
  onClose,
}: {
  draft: Prescription | undefined;
  onChecked: (prescription: Prescription) => void;
  onClose: () => void;
}) {
  const { t } = useI18n();
  const patient = usePatient();
  const client = useQueryClient();
  const list = useId();
  const kept = useDraft(`prescription/${patient.id}/${draft?.id ?? 'new'}`, draft ? fieldsOf(draft) : empty);
  const { value, set } = kept;
  const sending = useSend(
    (body: Content, key) => {
      if (!draft)
        return data(
          api().POST('/api/v1/patients/{id}/prescriptions', {
            ...keyed(key),
            params: { path: { id: patient.id } },
            body,
          }),
        );
      const path = { id: patient.id, prescription: draft.id };
      return data(
        api().PUT('/api/v1/patients/{id}/prescriptions/{prescription}', {
          ...keyed(key),
          params: { path, header: match(draft.version) },
          body,
        }),
      );
    },
    async (checked) => {
      await kept.clear();
      void client.invalidateQueries({ queryKey: ['prescriptions', patient.id] });
      onChecked(checked.prescription);
    },
    kept.keys,
  );
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    void sending.send(contentOf(value));
  };
  const field = (name: keyof Fields) => ({
    value: value[name],
    onValue: (text: string) => set({ ...value, [name]: text }),
    error: sending.problem?.field(name),
  });
  const of = substance(value.atc);
  const again = () => void sending.send(contentOf(value));
  return (
    <form className="form wide" onSubmit={submit}>
      <Restored restored={kept.restored} onDiscard={kept.clear} />
      <TextField
        label={t('prescribe.medication')}
        list={list}
        value={value.medication}
        onValue={(medication) => set(renamed(value, medication))}
        error={sending.problem?.field('medication')}
        required
        autoComplete="off"
        maxLength={200}
      />
      <datalist id={list}>
        {medicines.map((each) => (
          <option key={each.name} value={each.name} />
        ))}
      </datalist>
      <div className="grid small">
        <TextField
          label={t('prescribe.atc')}
          hint={of === undefined ? t('prescribe.atc-hint') : t('prescribe.atc-of', { name: of })}
          {...field('atc')}
          required
          maxLength={7}
          autoComplete="off"
        />
        <TextField label={t('prescribe.dose')} {...field('dose')} required />
        <TextField label={t('prescribe.route')} {...field('route')} required />
        <TextField label={t('prescribe.frequency')} {...field('frequency')} required />
        <TextField
          label={t('prescribe.quantity')}
          {...field('quantity')}
          required
          type="number"
          min={1}
          inputMode="numeric"
        />
        <TextField label={t('prescribe.unit')} {...field('unit')} required />
        <TextField
          label={t('prescribe.days')}
          {...field('duration_days')}
          optional
          type="number"
          min={1}
          inputMode="numeric"
        />
      </div>
      <TextField label={t('prescribe.indication')} {...field('indication')} optional maxLength={200} />
      <Failure problem={sending.problem} retry={again} />
      <div className="row end">
        <Button onClick={onClose}>{t('dialog.cancel')}</Button>
        <Button kind="main" type="submit" busy={sending.busy}>
          {t('prescribe.go')}
        </Button>
      </div>
    </form>
  );
}

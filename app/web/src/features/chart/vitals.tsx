import { useQuery } from '@tanstack/react-query';
import type { SubmitEvent } from 'react';
import { useDraft } from '../../drafts/useDraft';
import { useI18n } from '../../i18n';
import { Restored } from '../../ui/Conflict';
import { Button, TextField } from '../../ui/forms';
import { Failure, Loaded } from '../../ui/page';
import { entriesQuery, standing, type Content } from '../patient/queries';
import { useAdd } from './add';
import { usePatient } from './chart';
import { unitWords } from './entry';
import { VitalCharts } from './VitalCharts';
import { parsed, vitals } from './vital-signs';

export function Vitals() {
  const patient = usePatient();
  const observations = useQuery(entriesQuery(patient.id, 'observation'));
  return (
    <div className="vitals">
      <Measure />
      <Loaded query={observations}>{(list) => <VitalCharts entries={standing(list)} />}</Loaded>
    </div>
  );
}

const none: Readonly<Record<string, string>> = {};

/** What was measured now: only what is filled in is saved. */
function Measure() {
  const patient = usePatient();
  const { t, word } = useI18n();
  const draft = useDraft(`vitals/${patient.id}`, none);
  const adding = useAdd(draft.clear);
  const faults = vitals.flatMap(({ loinc, possible: [low, high] }) => {
    const text = draft.value[loinc] ?? '';
    if (text.trim() === '') return [];
    const value = parsed(text);
    return value === undefined || value < low || value > high
      ? [[loinc, t('vitals.impossible', { low, high })] as const]
      : [];
  });
  const fault = (loinc: string) => faults.find(([each]) => each === loinc)?.[1];
  const contents = (): Content[] => {
    const observed_at = draft.value['at'] ?? new Date().toISOString();
    return vitals.flatMap(({ loinc, unit }): Content[] => {
      const value = parsed(draft.value[loinc] ?? '');
      return value === undefined
        ? []
        : [
            {
              kind: 'observation',
              loinc,
              description: word('vital', loinc),
              value: { type: 'quantity', value, unit },
              observed_at,
            },
          ];
    });
  };
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const filled = contents();
    if (faults.length === 0 && filled.length > 0) void adding.send(filled);
  };
  return (
    <form className="form wide measure" onSubmit={submit} aria-label={t('vitals.new')}>
      <Restored restored={draft.restored} onDiscard={draft.clear} />
      <div className="grid small">
        {vitals.map(({ loinc, unit }) => (
          <TextField
            key={loinc}
            label={`${word('vital', loinc)} (${unitWords(unit)})`}
            inputMode="decimal"
            autoComplete="off"
            value={draft.value[loinc] ?? ''}
            // The time is that of the first number typed: sent again after a failure, it is the same measurement.
            onValue={(text) => draft.set({ at: new Date().toISOString(), ...draft.value, [loinc]: text })}
            error={fault(loinc)}
          />
        ))}
      </div>
      <Failure problem={adding.problem} />
      <div className="row">
        <Button kind="main" type="submit" busy={adding.busy}>
          {t('vitals.save')}
        </Button>
      </div>
    </form>
  );
}

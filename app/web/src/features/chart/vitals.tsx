import { useQuery } from '@tanstack/react-query';
import type { SubmitEvent } from 'react';
import { useDraft } from '../../drafts/useDraft';
import { useI18n } from '../../i18n';
import { dayIn, instant } from '../../i18n/format';
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

/** From here on a time is so old that it is said how old. */
const old = 5 * 60_000;

/** What was measured, and when: only what is filled in is saved. */
function Measure() {
  const patient = usePatient();
  const { t, f, word } = useI18n();
  const draft = useDraft(`vitals/${patient.id}`, none);
  const adding = useAdd(draft.keys, () => draft.clear());
  const now = `${dayIn(f.zone)}T${f.time(new Date())}`;
  const at = draft.value['at'] ?? '';
  const [day = '', time = ''] = at.split('T');
  const measuredAt = at === '' ? undefined : instant(f.zone, day, time);
  const anyOf = (values: Readonly<Record<string, string>>) =>
    vitals.some(({ loinc }) => (values[loinc] ?? '').trim() !== '');
  const filledIn = anyOf(draft.value);
  const type = (loinc: string, text: string) => {
    const next = { ...draft.value, [loinc]: text };
    // The time is that of the first number typed, unless somebody says another one; with the last number it goes.
    draft.set({ ...next, at: !anyOf(next) ? '' : filledIn || at !== '' ? at : now });
  };
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
    if (measuredAt === undefined) return [];
    const observed_at = measuredAt.toISOString();
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
            onValue={(text) => type(loinc, text)}
            error={fault(loinc)}
          />
        ))}
        <TextField
          label={t('vitals.at')}
          hint={
            measuredAt && Date.now() - measuredAt.getTime() > old ? (
              <strong>{f.relative(measuredAt)}</strong>
            ) : (
              t('vitals.at-hint')
            )
          }
          type="datetime-local"
          value={at}
          max={now}
          required={filledIn}
          onValue={(when) => draft.set({ ...draft.value, at: when })}
          error={adding.problem?.field('observed_at')}
        />
      </div>
      <Failure problem={adding.problem} />
      <div className="row">
        <Button kind="main" type="submit" busy={adding.busy}>
          {t('vitals.save')}
        </Button>
        {at === '' || at === now ? null : (
          <Button onClick={() => draft.set({ ...draft.value, at: now })}>{t('vitals.now')}</Button>
        )}
      </div>
    </form>
  );
}

import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState, type SubmitEvent } from 'react';
import { api, data, sending as keyed } from '../../api/client';
import { useSend } from '../../api/send';
import { full, patientQuery, useStaffNames } from '../../app/names';
import { useI18n } from '../../i18n';
import { Button, TextField } from '../../ui/forms';
import { Empty, Failure, Loaded, Mark, Notice, Page, Section } from '../../ui/page';
import { say } from '../../ui/toasts';
import type { Prescription } from '../patient/queries';

/** Read or type the code, see whose and what, dispense all or a part. */
export function DispensePage() {
  const { t } = useI18n();
  const [code, setCode] = useState('');
  const [prescription, setPrescription] = useState<Prescription>();
  const field = useRef<HTMLFormElement>(null);
  const looking = useSend(
    (value: string) => data(api().POST('/api/v1/prescriptions/look-up', { body: { code: value } })),
    setPrescription,
  );
  useEffect(() => {
    // A reader types the code and Enter: the field is ready for it.
    if (!prescription) field.current?.querySelector('input')?.focus();
  }, [prescription]);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    setPrescription(undefined);
    void looking.send(code.trim());
  };
  return (
    <Page title={t('dispense.title')} lead={t('dispense.lead')}>
      <form className="form line" onSubmit={submit} ref={field}>
        <TextField
          label={t('dispense.code')}
          value={code}
          onValue={setCode}
          error={looking.problem?.field('code')}
          className="code"
          autoComplete="off"
          spellCheck={false}
          autoCapitalize="characters"
          required
        />
        <Button kind="main" type="submit" busy={looking.busy}>
          {t('dispense.find')}
        </Button>
      </form>
      {looking.problem?.kind === 'not-found' ? (
        <Notice kind="warning" title={t('dispense.unknown')} />
      ) : looking.problem?.field('code') === undefined ? (
        <Failure problem={looking.problem} />
      ) : null}
      {prescription ? (
        <Found
          prescription={prescription}
          onChange={setPrescription}
          onNext={() => {
            setCode('');
            setPrescription(undefined);
          }}
        />
      ) : null}
    </Page>
  );
}

function Found({
  prescription,
  onChange,
  onNext,
}: {
  prescription: Prescription;
  onChange: (prescription: Prescription) => void;
  onNext: () => void;
}) {
  const { t, f, word } = useI18n();
  const client = useQueryClient();
  const patient = useQuery(patientQuery(prescription.patient)).data;
  const nameOf = useStaffNames();
  const left = prescription.quantity - prescription.dispensed;
  const [quantity, setQuantity] = useState(String(left));
  const [batch, setBatch] = useState('');
  const path = { id: prescription.patient, prescription: prescription.id };
  const parts = useQuery({
    queryKey: ['dispensations', prescription.id],
    queryFn: () =>
      data(api().GET('/api/v1/patients/{id}/prescriptions/{prescription}/dispensations', { params: { path } })),
  });
  const sending = useSend(
    (body: { quantity: number; batch?: string }, key) =>
      data(
        api().POST('/api/v1/patients/{id}/prescriptions/{prescription}/dispensations', {
          ...keyed(key),
          params: { path },
          body,
        }),
      ),
    async ({ prescription: now, dispensation }) => {
      say(t('dispense.done', { quantity: f.number(dispensation.quantity), unit: now.unit }));
      setQuantity(String(now.quantity - now.dispensed));
      setBatch('');
      onChange(now);
      await client.invalidateQueries({ queryKey: ['dispensations', now.id] });
    },
  );
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    void sending.send({ quantity: Number(quantity), ...(batch.trim() === '' ? {} : { batch: batch.trim() }) });
  };
  const expired = prescription.valid_until ? new Date(prescription.valid_until) < new Date() : false;
  const open = prescription.status === 'active' && left > 0 && !expired;
  const stillLeft = sending.problem?.body['left'];
  return (
    <section className="panel" aria-label={prescription.medication}>
      <h2>{prescription.medication}</h2>
      <p>
        <strong>{patient ? full(patient) : '…'}</strong>{' '}
        {patient ? (
          <span className="hint">
            {f.date(patient.birth_date)} · {patient.document_number ?? t('patient.no-document')}
          </span>
        ) : null}
      </p>
      <p>{t('prescriptions.how', { dose: prescription.dose, frequency: prescription.frequency })}</p>
      <p className="hint">
        {nameOf(prescription.prescriber) ?? ''}
        {prescription.valid_until ? ` · ${t('prescriptions.until', { day: f.day(prescription.valid_until) })}` : ''}
      </p>
      <p className="big">
        {t('prescriptions.left', {
          left: f.number(left),
          quantity: f.number(prescription.quantity),
          unit: prescription.unit,
        })}
      </p>
      {open ? (
        <form className="form line" onSubmit={submit}>
          <TextField
            label={t('dispense.quantity', { unit: prescription.unit })}
            type="number"
            min={1}
            max={left}
            value={quantity}
            onValue={setQuantity}
            error={sending.problem?.field('quantity')}
            required
          />
          <TextField label={t('dispense.batch')} optional value={batch} onValue={setBatch} maxLength={60} />
          <Button kind="main" type="submit" busy={sending.busy}>
            {t('dispense.go')}
          </Button>
        </form>
      ) : (
        <Notice
          kind={prescription.status === 'completed' ? 'good' : 'warning'}
          title={expired ? t('dispense.expired') : word('prescription-status', prescription.status)}
        />
      )}
      {sending.problem?.kind === 'exceeds-prescribed' ? (
        <Notice kind="warning" title={sending.problem.message}>
          {typeof stillLeft === 'number' ? (
            <p>{t('dispense.only-left', { left: f.number(stillLeft), unit: prescription.unit })}</p>
          ) : null}
        </Notice>
      ) : (
        <Failure problem={sending.problem} />
      )}
      <Section title={t('dispense.before')}>
        <Loaded query={parts} lines={1}>
          {(list) =>
            list.length === 0 ? (
              <Empty>{t('dispense.none')}</Empty>
            ) : (
              <ul className="rows">
                {list.map((part) => (
                  <li key={part.id}>
                    <span>
                      {f.number(part.quantity)} {prescription.unit}
                      {part.batch ? <Mark>{part.batch}</Mark> : null}
                    </span>
                    <span className="hint">
                      {f.moment(part.at)} · {nameOf(part.pharmacist) ?? ''}
                    </span>
                  </li>
                ))}
              </ul>
            )
          }
        </Loaded>
      </Section>
      <div className="row">
        <Button onClick={onNext}>{t('dispense.next')}</Button>
      </div>
    </section>
  );
}

import { useQueryClient } from '@tanstack/react-query';
import { useState, type SubmitEvent } from 'react';
import { api, data, match, sending as keyed, type Schemas } from '../../api/client';
import { useSend } from '../../api/send';
import { useI18n } from '../../i18n';
import { Button, TextField } from '../../ui/forms';
import { Failure, Mark, Notice } from '../../ui/page';
import { say } from '../../ui/toasts';
import type { Prescription } from '../patient/queries';
import { substance } from './medicines';

type Warning = Schemas['Warning'];

/** Every warning is answered before the signature; the answers stay with the prescription. */
export function Sign({
  prescription,
  warnings,
  onBack,
  onClose,
}: {
  prescription: Prescription;
  warnings: readonly Warning[];
  onBack: () => void;
  onClose: () => void;
}) {
  const { t, word } = useI18n();
  const client = useQueryClient();
  const [reasons, setReasons] = useState<Record<string, string>>({});
  const [days, setDays] = useState('90');
  const path = { id: prescription.patient, prescription: prescription.id };
  const refresh = () => client.invalidateQueries({ queryKey: ['prescriptions', prescription.patient] });
  const sending = useSend(
    (body: Schemas['Signature'], key) =>
      data(
        api().POST('/api/v1/patients/{id}/prescriptions/{prescription}/sign', {
          ...keyed(key),
          params: { path, header: match(prescription.version) },
          body,
        }),
      ),
    async () => {
      say(t('prescribe.signed'));
      await refresh();
      onClose();
    },
  );
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const overrides = warnings.map(({ id }) => ({ warning: id, reason: (reasons[id] ?? '').trim() }));
    void sending.send({ overrides, valid_days: Number(days) });
  };
  const news = sending.problem?.kind === 'unsafe-prescription';
  return (
    <form className="form wide" onSubmit={submit}>
      <div className="sheet">
        <strong>{prescription.medication}</strong>
        <p>
          {t('prescriptions.how', { dose: prescription.dose, frequency: prescription.frequency })} ·{' '}
          {prescription.route} · {prescription.quantity} {prescription.unit}
        </p>
        <p className="hint">
          {t('prescribe.checked-as', {
            code: [prescription.atc, substance(prescription.atc)].filter(Boolean).join(' · '),
          })}
        </p>
      </div>
      {warnings.length === 0 ? (
        <Notice kind="good" title={t('prescribe.clear')}>
          <p>{t('prescribe.clear-text')}</p>
        </Notice>
      ) : (
        <>
          <p>{t('prescribe.warnings.other', { count: warnings.length })}</p>
          {warnings.map((warning) => (
            <div key={warning.id} className={`warning-card ${warning.severity}`}>
              <p>
                <Mark kind={warning.severity === 'moderate' ? 'warning' : 'danger'}>
                  {word('severity', warning.severity)}
                </Mark>{' '}
                <strong>{warning.text}</strong>
              </p>
              <p className="hint">
                {word('warning-kind', warning.kind)} ·{' '}
                {warning.source === 'record' ? t('prescribe.from-record') : warning.source}
              </p>
              <TextField
                label={t('prescribe.why')}
                value={reasons[warning.id] ?? ''}
                onValue={(reason) => setReasons({ ...reasons, [warning.id]: reason })}
                required
                maxLength={500}
              />
            </div>
          ))}
        </>
      )}
      <TextField label={t('prescribe.valid')} value={days} onValue={setDays} type="number" min={1} max={365} required />
      {news ? (
        <Notice kind="danger" title={t('prescribe.news')}>
          <Button onClick={() => void refresh().then(sending.forget)}>{t('book.look-again')}</Button>
        </Notice>
      ) : (
        <Failure problem={sending.problem} />
      )}
      <div className="row end">
        <Button onClick={onBack}>{t('prescribe.back')}</Button>
        <Button
          kind={warnings.some((each) => each.severity !== 'moderate') ? 'danger' : 'main'}
          type="submit"
          busy={sending.busy}
        >
          {warnings.length === 0 ? t('prescribe.sign') : t('prescribe.sign-anyway')}
        </Button>
      </div>
    </form>
  );
}

import { useQueryClient } from '@tanstack/react-query';
import { useState, type SubmitEvent } from 'react';
import { api, data, match, sending as keyed } from '../../api/client';
import { useSend } from '../../api/send';
import { useI18n } from '../../i18n';
import { Dialog } from '../../ui/Dialog';
import { Button, TextField } from '../../ui/forms';
import { Failure } from '../../ui/page';
import { say } from '../../ui/toasts';
import type { Prescription } from '../patient/queries';

export function Stop({ prescription, onClose }: { prescription: Prescription; onClose: () => void }) {
  const { t } = useI18n();
  const client = useQueryClient();
  const [reason, setReason] = useState('');
  const path = { id: prescription.patient, prescription: prescription.id };
  const sending = useSend(
    (value: string, key) =>
      data(
        api().POST('/api/v1/patients/{id}/prescriptions/{prescription}/status', {
          ...keyed(key),
          params: { path, header: match(prescription.version) },
          body: { status: 'stopped', reason: value },
        }),
      ),
    async () => {
      say(t('medication.stopped'));
      await client.invalidateQueries({ queryKey: ['prescriptions', prescription.patient] });
      onClose();
    },
  );
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    void sending.send(reason.trim());
  };
  return (
    <Dialog open firm onClose={onClose} title={t('medication.stop-of', { medication: prescription.medication })}>
      <form className="form" onSubmit={submit}>
        <TextField
          label={t('entry.reason')}
          value={reason}
          onValue={setReason}
          error={sending.problem?.field('reason')}
          required
          maxLength={500}
        />
        <Failure problem={sending.problem} />
        <div className="row end">
          <Button onClick={onClose}>{t('dialog.cancel')}</Button>
          <Button kind="danger" type="submit" busy={sending.busy}>
            {t('medication.stop')}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, data, match, sending as keyed } from '../../api/client';
import { useSend } from '../../api/send';
import { useI18n } from '../../i18n';
import { FormDialog } from '../../ui/FormDialog';
import { TextField } from '../../ui/forms';
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
  return (
    <FormDialog
      title={t('medication.stop-of', { medication: prescription.medication })}
      go={t('medication.stop')}
      kind="danger"
      sending={sending}
      onClose={onClose}
      onSubmit={() => void sending.send(reason.trim())}
    >
      <TextField
        label={t('entry.reason')}
        value={reason}
        onValue={setReason}
        error={sending.problem?.field('reason')}
        required
        maxLength={500}
      />
    </FormDialog>
  );
}

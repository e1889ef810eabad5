import { useQueryClient } from '@tanstack/react-query';
import { api, data, match, sending as keyed } from '../../api/client';
import { useSend } from '../../api/send';
import { useI18n } from '../../i18n';
import { FormDialog } from '../../ui/FormDialog';
import { say } from '../../ui/toasts';
import type { Slot } from '../patient/slots';

/** Holds a free slot back, or gives one free that was held back. */
export function HoldDialog({ slot, onClose }: { slot: Slot; onClose: () => void }) {
  const { t, f } = useI18n();
  const client = useQueryClient();
  const when = `${f.longDay(slot.starts_at)}, ${f.time(slot.starts_at)}`;
  const sending = useSend(
    (blocked: boolean, key) =>
      data(
        api().PUT('/api/v1/slots/{id}', {
          ...keyed(key),
          params: { path: { id: slot.id }, header: match(slot.version) },
          body: { blocked },
        }),
      ),
    async () => {
      say(t('form.saved'));
      await client.invalidateQueries({ queryKey: ['slots'] });
      onClose();
    },
  );
  return (
    <FormDialog
      title={slot.free ? t('slot.close') : t('slot.open')}
      go={slot.free ? t('slot.close') : t('slot.open')}
      sending={sending}
      onClose={onClose}
      onSubmit={() => void sending.send(slot.free)}
    >
      <p>{slot.free ? t('slot.close-text', { when }) : t('slot.open-text', { when })}</p>
    </FormDialog>
  );
}

import { useQueryClient } from '@tanstack/react-query';
import { api, data, match, sending as keyed } from '../../api/client';
import { useSend } from '../../api/send';
import { useI18n } from '../../i18n';
import { say } from '../../ui/toasts';
import type { Appointment } from '../patient/queries';

/** Moves an appointment to another slot. Whatever comes of it, the agenda is read again. */
export function useMove(done?: () => void) {
  const client = useQueryClient();
  const { t, f } = useI18n();
  const refresh = async () => {
    await client.invalidateQueries({ queryKey: ['appointments'] });
    await client.invalidateQueries({ queryKey: ['slots'] });
  };
  return useSend(
    async ({ appointment, slot }: { appointment: Appointment; slot: string }, key) => {
      const params = {
        path: { id: appointment.patient, appointment: appointment.id },
        header: match(appointment.version),
      };
      try {
        return await data(
          api().POST('/api/v1/patients/{id}/appointments/{appointment}/move', {
            ...keyed(key),
            params,
            body: { slot },
          }),
        );
      } catch (error) {
        void refresh();
        throw error;
      }
    },
    async (appointment) => {
      say(t('agenda.moved', { when: `${f.longDay(appointment.starts_at)}, ${f.time(appointment.starts_at)}` }));
      await refresh();
      done?.();
    },
  );
}

import { useQueryClient } from '@tanstack/react-query';
import { api, data, match, sending as keyed, type Schemas } from '../../api/client';
import { useSend } from '../../api/send';
import { useI18n } from '../../i18n';
import { Button } from '../../ui/forms';
import { Failure, Mark } from '../../ui/page';
import { say } from '../../ui/toasts';
import type { Appointment } from '../patient/queries';

type Status = Schemas['AppointmentStatus'];

/** What may come next, the usual one first. */
const steps: Partial<Record<string, readonly Status[]>> = {
  booked: ['arrived', 'noshow'],
  arrived: ['fulfilled'],
};

const kinds: Partial<Record<string, 'good' | 'warning' | 'danger'>> = {
  arrived: 'good',
  cancelled: 'warning',
  noshow: 'danger',
};

export function StatusMark({ status }: { status: string }) {
  const { word } = useI18n();
  return status === 'booked' ? (
    <span className="mark none" />
  ) : (
    <Mark kind={kinds[status] ?? 'plain'}>{word('appointment-status', status)}</Mark>
  );
}

/** Arrived, seen, did not come. */
export function AttendanceButtons({ appointment, name }: { appointment: Appointment; name: string }) {
  const { word, t } = useI18n();
  const client = useQueryClient();
  const refresh = () => client.invalidateQueries({ queryKey: ['appointments'] });
  const sending = useSend(
    ({ version, ...body }: { status: Status; version: number }, key) =>
      data(
        api().POST('/api/v1/patients/{id}/appointments/{appointment}/attendance', {
          ...keyed(key),
          params: { path: { id: appointment.patient, appointment: appointment.id }, header: match(version) },
          body,
        }),
      ),
    async (_, { status }) => {
      await refresh();
      say(`${name}: ${word('appointment-status', status)}`);
    },
  );
  const possible = steps[appointment.status] ?? [];
  // Nobody can be missing from what is still to come.
  const early = new Date(appointment.starts_at) > new Date();
  const offered = possible.filter((status) => !(early && status === 'noshow'));
  return (
    <div className="row steps-next">
      {sending.problem ? (
        <>
          <Failure problem={sending.problem} />
          {sending.problem.conflict ? (
            <Button onClick={() => void refresh().then(sending.forget)}>{t('book.look-again')}</Button>
          ) : null}
        </>
      ) : (
        offered.map((status, index) => (
          <Button
            key={status}
            kind={index === 0 ? 'plain' : 'quiet'}
            busy={sending.busy}
            aria-label={`${word('attend', status)}: ${name}`}
            onClick={() => void sending.send({ status, version: appointment.version })}
          >
            {word('attend', status)}
          </Button>
        ))
      )}
    </div>
  );
}

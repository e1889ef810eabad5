import { useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useEffectEvent, useRef, useState } from 'react';
import { api, data, match, sending as keyed, type Schemas } from '../../api/client';
import { useSend } from '../../api/send';
import { useI18n } from '../../i18n';
import { dayIn } from '../../i18n/format';
import { Button } from '../../ui/forms';
import { Failure, Mark } from '../../ui/page';
import { say } from '../../ui/toasts';
import type { Appointment } from '../patient/queries';

type Status = Schemas['AppointmentStatus'];

/** What may come next, the usual one first. */
const steps: Partial<Record<string, readonly Status[]>> = {
  booked: ['arrived', 'noshow'],
  arrived: ['fulfilled'],
  // Marked by mistake: the patient was there after all.
  noshow: ['arrived'],
};

/** What the API takes back no more, or not as it was, waits some seconds for who pressed the wrong button. */
const final: readonly Status[] = ['fulfilled', 'noshow'];
const regret = 6_000;

/** Does something after a while, unless it is taken back. Who leaves meanwhile has decided. */
function useRegret<V>(act: (value: V) => unknown) {
  const [held, setHeld] = useState<V>();
  const pending = useRef<{ value: V; timer: ReturnType<typeof setTimeout> }>(undefined);
  const undo = useCallback(() => {
    const { current } = pending;
    clearTimeout(current?.timer);
    pending.current = undefined;
    setHeld(undefined);
    return current;
  }, []);
  const go = useEffectEvent(() => {
    const decided = undo();
    if (decided) act(decided.value);
  });
  useEffect(() => {
    if (held === undefined) return;
    pending.current = { value: held, timer: setTimeout(() => go(), regret) };
  }, [held]);
  useEffect(() => {
    const hidden = () => {
      if (document.visibilityState === 'hidden') go();
    };
    document.addEventListener('visibilitychange', hidden);
    return () => {
      document.removeEventListener('visibilitychange', hidden);
      go();
    };
  }, []);
  return { held, hold: setHeld, undo };
}

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
  const { word, t, f } = useI18n();
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
  type Step = Parameters<typeof sending.send>[0];
  const { held, hold, undo } = useRegret((step: Step) => void sending.send(step));
  const possible = steps[appointment.status] ?? [];
  // Nobody can be missing from what is still to come, nor come after all to what was on another day.
  const early = new Date(appointment.starts_at) > new Date();
  const past = dayIn(f.zone, new Date(appointment.starts_at)) < dayIn(f.zone);
  const offered = possible.filter(
    (status) => !(early && status === 'noshow') && !(past && appointment.status === 'noshow'),
  );
  return (
    <div className="row steps-next">
      {sending.problem ? (
        <>
          <Failure problem={sending.problem} />
          {sending.problem.conflict ? (
            <Button onClick={() => void refresh().then(sending.forget)}>{t('book.look-again')}</Button>
          ) : null}
        </>
      ) : held ? (
        <>
          <span role="status">{word('attend', held.status)}…</span>
          <Button autoFocus onClick={undo} aria-label={t('attendance.undo-of', { name })}>
            {t('attendance.undo')}
          </Button>
        </>
      ) : (
        offered.map((status, index) => (
          <Button
            key={status}
            kind={index === 0 ? 'plain' : 'quiet'}
            busy={sending.busy}
            aria-label={`${word('attend', status)}: ${name}`}
            onClick={() => {
              const step = { status, version: appointment.version };
              if (final.includes(status)) hold(step);
              else void sending.send(step);
            }}
          >
            {word('attend', status)}
          </Button>
        ))
      )}
    </div>
  );
}

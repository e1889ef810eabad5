import { useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { api, data, match, sending as keyed } from '../../api/client';
import { useSend } from '../../api/send';
import { usePlaces } from '../../app/names';
import { useI18n } from '../../i18n';
import { Dialog } from '../../ui/Dialog';
import { Button, TextField } from '../../ui/forms';
import { Failure, Mark, Notice } from '../../ui/page';
import { say } from '../../ui/toasts';
import { appointmentsQuery, type Appointment } from './queries';
import { useScheduleOf } from './slots';

export function AppointmentRows({ list }: { list: readonly Appointment[] }) {
  return (
    <ul className="rows">
      {list.map((appointment) => (
        <li key={appointment.id}>
          <AppointmentLine appointment={appointment} />
        </li>
      ))}
    </ul>
  );
}

const markKind = { arrived: 'good', fulfilled: 'plain', cancelled: 'warning', noshow: 'danger' } as const;

export function AppointmentLine({ appointment, prominent = false }: { appointment: Appointment; prominent?: boolean }) {
  const { t, f, word } = useI18n();
  const places = usePlaces();
  const schedule = useScheduleOf(appointment);
  const clinic = places.clinic(schedule?.clinic);
  const [cancelling, setCancelling] = useState(false);
  const open = appointment.status === 'booked' && new Date(appointment.starts_at) > new Date();
  return (
    <div className={prominent ? 'appointment prominent' : 'appointment'}>
      <p className="when">
        <span className="when-day">{f.longDay(appointment.starts_at)}</span>
        <time dateTime={appointment.starts_at}>{f.time(appointment.starts_at)}</time>
      </p>
      <div className="what">
        <strong>{schedule?.name ?? t('appointment.title')}</strong>
        {appointment.status === 'booked' ? null : (
          <Mark kind={markKind[appointment.status as keyof typeof markKind]}>
            {word('appointment-status', appointment.status)}
          </Mark>
        )}
        {clinic ? (
          <p className="hint">
            {clinic.name}
            {clinic.address ? ` · ${clinic.address}` : ''}
          </p>
        ) : null}
        {appointment.reason ? <p className="hint">{appointment.reason}</p> : null}
      </div>
      {open ? (
        <div className="row">
          <Link
            to="/book"
            search={{ move: appointment.id, ...(schedule ? { schedule: schedule.id } : {}) }}
            className="button"
          >
            {t('appointment.move')}
          </Link>
          <Button kind="quiet" onClick={() => setCancelling(true)}>
            {t('appointment.cancel')}
          </Button>
        </div>
      ) : null}
      {cancelling ? <CancelDialog appointment={appointment} onClose={() => setCancelling(false)} /> : null}
    </div>
  );
}

export function CancelDialog({ appointment, onClose }: { appointment: Appointment; onClose: () => void }) {
  const { t, f, word } = useI18n();
  const client = useQueryClient();
  const [reason, setReason] = useState('');
  const current =
    client.getQueryData(appointmentsQuery(appointment.patient).queryKey)?.find((each) => each.id === appointment.id) ??
    appointment;
  const sending = useSend(
    ({ version, ...body }: { reason?: string; version: number }, key) =>
      data(
        api().POST('/api/v1/patients/{id}/appointments/{appointment}/cancel', {
          ...keyed(key),
          params: { path: { id: appointment.patient, appointment: appointment.id }, header: match(version) },
          body,
        }),
      ),
    async () => {
      say(t('appointment.cancelled'));
      onClose();
      await client.invalidateQueries({ queryKey: ['appointments'] });
      await client.invalidateQueries({ queryKey: ['slots'] });
    },
  );
  const changed = sending.problem?.conflict === true;
  const go = async () => {
    if (changed) await client.refetchQueries({ queryKey: appointmentsQuery(appointment.patient).queryKey });
    const now =
      client
        .getQueryData(appointmentsQuery(appointment.patient).queryKey)
        ?.find((each) => each.id === appointment.id) ?? current;
    await sending.send({ version: now.version, ...(reason === '' ? {} : { reason }) });
  };
  return (
    <Dialog open onClose={onClose} title={t('appointment.cancel-title')}>
      <p>
        {f.longDay(current.starts_at)}, {f.time(current.starts_at)}
      </p>
      <TextField label={t('appointment.cancel-reason')} optional value={reason} onValue={setReason} maxLength={200} />
      {changed ? (
        <Notice kind="warning" title={t('appointment.changed')}>
          <p>{word('appointment-status', current.status)}</p>
        </Notice>
      ) : (
        <Failure problem={sending.problem} />
      )}
      <div className="row end">
        <Button onClick={onClose}>{t('appointment.keep')}</Button>
        <Button kind="danger" busy={sending.busy} onClick={() => void go()}>
          {t('appointment.cancel-go')}
        </Button>
      </div>
    </Dialog>
  );
}

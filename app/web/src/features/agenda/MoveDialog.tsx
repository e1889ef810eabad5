import { useState } from 'react';
import { Link } from '@tanstack/react-router';
import { useI18n } from '../../i18n';
import { Dialog } from '../../ui/Dialog';
import { Button } from '../../ui/forms';
import { Failure } from '../../ui/page';
import { Slots } from '../patient/book';
import type { Appointment } from '../patient/queries';
import type { Slot } from '../patient/slots';
import { AttendanceButtons } from '../staff/attendance';
import { useMove } from './move';

/** An appointment of the agenda: the patient's page, what comes next, and moving it without a pointer. */
export function MoveDialog({
  appointment,
  schedule,
  name,
  onClose,
}: {
  appointment: Appointment;
  schedule: string;
  name: string;
  onClose: () => void;
}) {
  const { t, f } = useI18n();
  const [slot, setSlot] = useState<Slot>();
  const move = useMove(onClose);
  const movable = appointment.status === 'booked';
  return (
    <Dialog open wide onClose={onClose} title={name}>
      <p>
        {f.longDay(appointment.starts_at)}, {f.time(appointment.starts_at)}
        {appointment.reason ? ` · ${appointment.reason}` : ''}
      </p>
      <div className="row">
        <Link to="/patients/$patient" params={{ patient: appointment.patient }} className="button">
          {t('agenda.open')}
        </Link>
        <AttendanceButtons appointment={appointment} name={name} />
      </div>
      {movable ? <Slots schedule={schedule} chosen={slot} onChoose={setSlot} /> : null}
      <Failure problem={move.problem} />
      <div className="row end">
        <Button onClick={onClose}>{t('dialog.close')}</Button>
        {movable ? (
          <Button
            kind="main"
            busy={move.busy}
            aria-disabled={!slot || move.busy}
            onClick={() => slot && void move.send({ appointment, slot: slot.id })}
          >
            {t('book.move')}
          </Button>
        ) : null}
      </div>
    </Dialog>
  );
}

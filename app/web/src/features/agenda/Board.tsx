import { useRef, useState, type PointerEvent } from 'react';
import { useI18n } from '../../i18n';
import { dayIn } from '../../i18n/format';
import type { Appointment } from '../patient/queries';
import type { Slot } from '../patient/slots';

interface Props {
  days: readonly string[];
  slots: readonly Slot[];
  appointments: readonly Appointment[];
  nameOf: (appointment: Appointment) => string;
  busy: boolean;
  onDrop: (appointment: Appointment, slot: Slot) => void;
  onMove: (appointment: Appointment) => void;
  /** Holds a slot back, or gives it free; not given to who may not. */
  onHold: ((slot: Slot) => void) | undefined;
}

interface Place {
  key: string;
  at: string;
  slot: Slot | undefined;
  appointment: Appointment | undefined;
}

/** Slots and appointments of a day in order of time: an appointment stands in its slot, or by itself when that is gone. */
export function placesOf(
  day: string,
  zone: string,
  slots: readonly Slot[],
  appointments: readonly Appointment[],
): Place[] {
  const here = <T extends { starts_at: string }>(list: readonly T[]) =>
    list.filter((each) => dayIn(zone, new Date(each.starts_at)) === day);
  const bySlot = new Map(here(appointments).map((each) => [each.slot, each]));
  const places: Place[] = here(slots).map((slot) => ({
    key: slot.id,
    at: slot.starts_at,
    slot,
    appointment: bySlot.get(slot.id),
  }));
  const known = new Set(places.map((place) => place.key));
  for (const appointment of bySlot.values()) {
    if (!known.has(appointment.slot))
      places.push({ key: appointment.id, at: appointment.starts_at, slot: undefined, appointment });
  }
  return places.sort((one, other) => one.at.localeCompare(other.at));
}

export function Board({ days, slots, appointments, nameOf, busy, onDrop, onMove, onHold }: Props) {
  const { t, f } = useI18n();
  const [dragged, setDragged] = useState<Appointment>();
  const [over, setOver] = useState<string>();
  const start = useRef<{ x: number; y: number; appointment: Appointment } | undefined>(undefined);
  const today = dayIn(f.zone);
  const now = new Date().toISOString();
  const bookable = (slot: Slot | undefined) => slot?.free === true && slot.starts_at > now;
  const shown =
    days.length === 1
      ? days
      : days.filter((day, index) => index < 5 || placesOf(day, f.zone, slots, appointments).length > 0);

  const slotAt = (event: PointerEvent) =>
    document
      .elementsFromPoint(event.clientX, event.clientY)
      .map((element) => (element instanceof HTMLElement ? element.dataset['slot'] : undefined))
      .find((slot) => slot !== undefined);
  const down = (appointment: Appointment) => (event: PointerEvent<HTMLElement>) => {
    // A finger scrolls; it moves an appointment with the dialog instead.
    if (event.button !== 0 || event.pointerType === 'touch' || appointment.status !== 'booked' || busy) return;
    start.current = { x: event.clientX, y: event.clientY, appointment };
    event.currentTarget.setPointerCapture(event.pointerId);
  };
  const moved = (event: PointerEvent) => {
    const begun = start.current;
    if (!begun) return;
    if (!dragged && Math.hypot(event.clientX - begun.x, event.clientY - begun.y) < 6) return;
    setDragged(begun.appointment);
    setOver(slotAt(event));
  };
  const up = (event: PointerEvent) => {
    const begun = start.current;
    start.current = undefined;
    if (dragged && begun) {
      const target = slots.find((slot) => slot.id === slotAt(event));
      if (target && bookable(target) && target.id !== begun.appointment.slot) onDrop(begun.appointment, target);
      // The press that ends a drag is no click.
      const swallow = (click: Event) => click.stopPropagation();
      window.addEventListener('click', swallow, { capture: true, once: true });
      setTimeout(() => window.removeEventListener('click', swallow, { capture: true }), 50);
    }
    setDragged(undefined);
    setOver(undefined);
  };

  return (
    <div
      className={`board ${days.length === 1 ? 'one' : ''} ${dragged ? 'dragging' : ''}`}
      style={{ gridTemplateColumns: `repeat(${shown.length}, minmax(0, 1fr))` }}
    >
      {shown.map((day) => {
        const places = placesOf(day, f.zone, slots, appointments);
        const noon = new Date(`${day}T12:00:00Z`);
        return (
          <section key={day} aria-label={f.longDay(noon)} className={day === today ? 'now' : ''}>
            {days.length === 1 ? null : <h2>{f.longDay(noon)}</h2>}
            {places.length === 0 ? <p className="hint none">{t('agenda.free-day')}</p> : null}
            <ol>
              {places.map(({ key, at, slot, appointment }) => (
                <li key={key} className={over === slot?.id && bookable(slot) ? 'over' : ''} data-slot={slot?.id}>
                  <time dateTime={at}>{f.time(at)}</time>
                  {appointment ? (
                    <button
                      type="button"
                      className={`visit ${appointment.status} ${dragged?.id === appointment.id ? 'held' : ''}`}
                      onPointerDown={down(appointment)}
                      onPointerMove={moved}
                      onPointerUp={up}
                      onPointerCancel={() => {
                        start.current = undefined;
                        setDragged(undefined);
                      }}
                      onClick={() => onMove(appointment)}
                    >
                      <span>{nameOf(appointment)}</span>
                      {appointment.status === 'booked' ? null : <StatusWord status={appointment.status} />}
                    </button>
                  ) : slot && onHold && slot.starts_at > now ? (
                    <button
                      type="button"
                      className={slot.free ? 'free' : 'held-back'}
                      onClick={() => onHold(slot)}
                      aria-label={
                        slot.free ? t('slot.close-at', { time: f.time(at) }) : t('slot.open-at', { time: f.time(at) })
                      }
                    >
                      {slot.free ? t('agenda.free') : t('agenda.closed')}
                    </button>
                  ) : (
                    <span className={bookable(slot) ? 'free' : 'held-back'}>
                      {bookable(slot) ? t('agenda.free') : slot?.free ? t('agenda.over') : t('agenda.closed')}
                    </span>
                  )}
                </li>
              ))}
            </ol>
          </section>
        );
      })}
    </div>
  );
}

function StatusWord({ status }: { status: string }) {
  const { word } = useI18n();
  return <small>{word('appointment-status', status)}</small>;
}

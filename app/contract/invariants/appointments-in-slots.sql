-- since 3
-- An appointment that is still to come about has the times of its slot.
SELECT HEX(appointment.organization), HEX(appointment.id)
FROM appointment
LEFT JOIN slot ON slot.organization = appointment.organization AND slot.id = appointment.slot
WHERE appointment.status IN ('booked', 'arrived')
  AND (slot.id IS NULL OR slot.starts_at <> appointment.starts_at OR slot.ends_at <> appointment.ends_at);

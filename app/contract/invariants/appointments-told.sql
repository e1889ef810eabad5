-- since 3
-- What happened to an appointment is told version by version, up to the one that holds.
SELECT HEX(appointment.organization), HEX(appointment.id)
FROM appointment
LEFT JOIN (
  SELECT organization, appointment, MAX(version) AS last, COUNT(*) AS told
  FROM appointment_event GROUP BY organization, appointment
) AS event ON event.organization = appointment.organization AND event.appointment = appointment.id
WHERE event.last IS NULL OR event.last <> appointment.version OR event.told <> appointment.version;

-- What FHIR can search by alone: an e-mail address, and a day of the agenda.

CREATE INDEX IF NOT EXISTS patient_email ON patient (organization, email);

CREATE INDEX IF NOT EXISTS appointment_day ON appointment (organization, starts_at);

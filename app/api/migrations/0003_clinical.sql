-- Records, appointments, prescriptions.

-- One entry of a record: an encounter, a condition, an allergy, an observation, a note, a document. This row says what
-- its newest version is; the content is in entry_version and is never changed.
CREATE TABLE IF NOT EXISTS entry (
  organization BINARY(16) NOT NULL,
  id BINARY(16) NOT NULL,
  patient BINARY(16) NOT NULL,
  kind VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  status VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  code VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NULL,
  effective_at DATETIME(6) NOT NULL,
  encounter BINARY(16) NULL,
  amends BINARY(16) NULL,
  author BINARY(16) NOT NULL,
  version INT UNSIGNED NOT NULL,
  created_at DATETIME(6) NOT NULL,
  updated_at DATETIME(6) NOT NULL,
  PRIMARY KEY (organization, id),
  KEY entry_patient (organization, patient, kind, id),
  KEY entry_code (organization, patient, code),
  KEY entry_encounter (organization, encounter),
  KEY entry_amends (organization, amends),
  CONSTRAINT entry_of FOREIGN KEY (organization, patient) REFERENCES patient (organization, id),
  CONSTRAINT entry_encounter FOREIGN KEY (organization, encounter) REFERENCES entry (organization, id),
  CONSTRAINT entry_amends FOREIGN KEY (organization, amends) REFERENCES entry (organization, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE IF NOT EXISTS entry_version (
  organization BINARY(16) NOT NULL,
  entry BINARY(16) NOT NULL,
  version INT UNSIGNED NOT NULL,
  status VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  content LONGTEXT NOT NULL CHECK (JSON_VALID(content)),
  author BINARY(16) NOT NULL,
  reason VARCHAR(500) NULL,
  at DATETIME(6) NOT NULL,
  PRIMARY KEY (organization, entry, version),
  CONSTRAINT entry_version_of FOREIGN KEY (organization, entry) REFERENCES entry (organization, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE IF NOT EXISTS attachment (
  organization BINARY(16) NOT NULL,
  id BINARY(16) NOT NULL,
  patient BINARY(16) NOT NULL,
  media_type VARCHAR(100) CHARACTER SET ascii NOT NULL,
  sha256 BINARY(32) NOT NULL,
  bytes LONGBLOB NOT NULL,
  author BINARY(16) NOT NULL,
  at DATETIME(6) NOT NULL,
  PRIMARY KEY (organization, id),
  KEY attachment_patient (organization, patient),
  CONSTRAINT attachment_of FOREIGN KEY (organization, patient) REFERENCES patient (organization, id)
) ENGINE=InnoDB;

CREATE TABLE IF NOT EXISTS schedule (
  organization BINARY(16) NOT NULL,
  id BINARY(16) NOT NULL,
  clinic BINARY(16) NOT NULL,
  staff BINARY(16) NOT NULL,
  name VARCHAR(200) NOT NULL,
  active BOOLEAN NOT NULL DEFAULT TRUE,
  version INT UNSIGNED NOT NULL DEFAULT 1,
  created_at DATETIME(6) NOT NULL,
  updated_at DATETIME(6) NOT NULL,
  PRIMARY KEY (organization, id),
  KEY schedule_clinic (organization, clinic),
  KEY schedule_staff (organization, staff),
  CONSTRAINT schedule_of FOREIGN KEY (organization, clinic) REFERENCES clinic (organization, id),
  CONSTRAINT schedule_who FOREIGN KEY (organization, staff) REFERENCES staff (organization, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE IF NOT EXISTS slot (
  organization BINARY(16) NOT NULL,
  id BINARY(16) NOT NULL,
  schedule BINARY(16) NOT NULL,
  starts_at DATETIME(6) NOT NULL,
  ends_at DATETIME(6) NOT NULL,
  blocked BOOLEAN NOT NULL DEFAULT FALSE,
  PRIMARY KEY (organization, id),
  UNIQUE KEY slot_start (organization, schedule, starts_at),
  CONSTRAINT slot_of FOREIGN KEY (organization, schedule) REFERENCES schedule (organization, id),
  CONSTRAINT slot_forward CHECK (ends_at > starts_at)
) ENGINE=InnoDB;

-- `taken` is the slot while the appointment holds it. Its unique key is what makes a second booking impossible, on
-- whatever node and at whatever instant.
CREATE TABLE IF NOT EXISTS appointment (
  organization BINARY(16) NOT NULL,
  id BINARY(16) NOT NULL,
  slot BINARY(16) NOT NULL,
  patient BINARY(16) NOT NULL,
  staff BINARY(16) NOT NULL,
  status VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  starts_at DATETIME(6) NOT NULL,
  ends_at DATETIME(6) NOT NULL,
  reason VARCHAR(500) NULL,
  taken BINARY(16) AS (IF(status IN ('booked', 'arrived', 'fulfilled'), slot, NULL)) PERSISTENT,
  version INT UNSIGNED NOT NULL DEFAULT 1,
  created_at DATETIME(6) NOT NULL,
  updated_at DATETIME(6) NOT NULL,
  PRIMARY KEY (organization, id),
  UNIQUE KEY appointment_slot_taken (organization, taken),
  KEY appointment_slot (organization, slot),
  KEY appointment_patient (organization, patient, starts_at),
  KEY appointment_staff (organization, staff, starts_at),
  CONSTRAINT appointment_of FOREIGN KEY (organization, patient) REFERENCES patient (organization, id),
  CONSTRAINT appointment_in FOREIGN KEY (organization, slot) REFERENCES slot (organization, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE IF NOT EXISTS appointment_event (
  organization BINARY(16) NOT NULL,
  appointment BINARY(16) NOT NULL,
  version INT UNSIGNED NOT NULL,
  status VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  slot BINARY(16) NOT NULL,
  actor BINARY(16) NOT NULL,
  reason VARCHAR(500) NULL,
  at DATETIME(6) NOT NULL,
  PRIMARY KEY (organization, appointment, version),
  CONSTRAINT appointment_event_of FOREIGN KEY (organization, appointment) REFERENCES appointment (organization, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE IF NOT EXISTS waiting (
  organization BINARY(16) NOT NULL,
  id BINARY(16) NOT NULL,
  schedule BINARY(16) NOT NULL,
  patient BINARY(16) NOT NULL,
  priority TINYINT UNSIGNED NOT NULL,
  not_before DATE NULL,
  status VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  appointment BINARY(16) NULL,
  waits BINARY(16) AS (IF(status = 'waiting', patient, NULL)) PERSISTENT,
  version INT UNSIGNED NOT NULL DEFAULT 1,
  created_at DATETIME(6) NOT NULL,
  updated_at DATETIME(6) NOT NULL,
  PRIMARY KEY (organization, id),
  UNIQUE KEY waiting_once (organization, schedule, waits),
  KEY waiting_turn (organization, schedule, status, priority, id),
  KEY waiting_patient (organization, patient),
  CONSTRAINT waiting_of FOREIGN KEY (organization, patient) REFERENCES patient (organization, id),
  CONSTRAINT waiting_for FOREIGN KEY (organization, schedule) REFERENCES schedule (organization, id)
) ENGINE=InnoDB;

CREATE TABLE IF NOT EXISTS prescription (
  organization BINARY(16) NOT NULL,
  id BINARY(16) NOT NULL,
  patient BINARY(16) NOT NULL,
  prescriber BINARY(16) NOT NULL,
  status VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  atc VARCHAR(7) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  national_code VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin NULL,
  medication VARCHAR(300) NOT NULL,
  dose VARCHAR(100) NOT NULL,
  route VARCHAR(40) NOT NULL,
  frequency VARCHAR(200) NOT NULL,
  duration_days SMALLINT UNSIGNED NULL,
  quantity INT UNSIGNED NOT NULL,
  unit VARCHAR(40) NOT NULL,
  dispensed INT UNSIGNED NOT NULL DEFAULT 0,
  indication VARCHAR(500) NULL,
  overridden LONGTEXT NULL CHECK (overridden IS NULL OR JSON_VALID(overridden)),
  code VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NULL,
  signed_at DATETIME(6) NULL,
  signature BINARY(32) NULL,
  signature_key BINARY(8) NULL,
  valid_until DATETIME(6) NULL,
  version INT UNSIGNED NOT NULL DEFAULT 1,
  created_at DATETIME(6) NOT NULL,
  updated_at DATETIME(6) NOT NULL,
  PRIMARY KEY (organization, id),
  UNIQUE KEY prescription_code (code),
  KEY prescription_patient (organization, patient, status, id),
  CONSTRAINT never_above_prescribed CHECK (dispensed <= quantity),
  CONSTRAINT something_prescribed CHECK (quantity > 0),
  CONSTRAINT prescription_of FOREIGN KEY (organization, patient) REFERENCES patient (organization, id),
  CONSTRAINT prescription_by FOREIGN KEY (organization, prescriber) REFERENCES staff (organization, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE IF NOT EXISTS prescription_event (
  organization BINARY(16) NOT NULL,
  prescription BINARY(16) NOT NULL,
  version INT UNSIGNED NOT NULL,
  status VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  actor BINARY(16) NOT NULL,
  reason VARCHAR(500) NULL,
  at DATETIME(6) NOT NULL,
  PRIMARY KEY (organization, prescription, version),
  CONSTRAINT prescription_event_of FOREIGN KEY (organization, prescription) REFERENCES prescription (organization, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE IF NOT EXISTS dispensation (
  organization BINARY(16) NOT NULL,
  id BINARY(16) NOT NULL,
  prescription BINARY(16) NOT NULL,
  patient BINARY(16) NOT NULL,
  quantity INT UNSIGNED NOT NULL,
  batch VARCHAR(60) NULL,
  pharmacist BINARY(16) NOT NULL,
  at DATETIME(6) NOT NULL,
  PRIMARY KEY (organization, id),
  KEY dispensation_prescription (organization, prescription),
  KEY dispensation_patient (organization, patient),
  CONSTRAINT dispensation_of FOREIGN KEY (organization, prescription) REFERENCES prescription (organization, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

-- What people may ask about their data, and what an organization must be able to show.

ALTER TABLE patient ADD COLUMN IF NOT EXISTS erased_at DATETIME(6) NULL;

-- Who answers for the data, and for how long records are kept: Ley 41/2002, article 17, asks for five years at least.
CREATE TABLE IF NOT EXISTS data_protection (
  organization BINARY(16) NOT NULL,
  controller VARCHAR(200) NOT NULL,
  controller_contact VARCHAR(300) NOT NULL,
  officer_contact VARCHAR(300) NOT NULL,
  retention_years SMALLINT UNSIGNED NOT NULL,
  version INT UNSIGNED NOT NULL DEFAULT 1,
  updated_at DATETIME(6) NOT NULL,
  PRIMARY KEY (organization),
  CONSTRAINT retention_of_the_law CHECK (retention_years >= 5),
  CONSTRAINT data_protection_of FOREIGN KEY (organization) REFERENCES organization (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

-- One consent; `holds` lets a purpose have one that is in force.
CREATE TABLE IF NOT EXISTS consent (
  organization BINARY(16) NOT NULL,
  id BINARY(16) NOT NULL,
  patient BINARY(16) NOT NULL,
  purpose VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  status VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  wording VARCHAR(4000) NOT NULL,
  evidence BINARY(16) NULL,
  holds VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin AS (IF(status = 'active', purpose, NULL)) PERSISTENT,
  version INT UNSIGNED NOT NULL DEFAULT 1,
  created_at DATETIME(6) NOT NULL,
  updated_at DATETIME(6) NOT NULL,
  PRIMARY KEY (organization, id),
  UNIQUE KEY consent_in_force (organization, patient, holds),
  KEY consent_purpose (organization, holds, patient),
  CONSTRAINT consent_of FOREIGN KEY (organization, patient) REFERENCES patient (organization, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE IF NOT EXISTS consent_event (
  organization BINARY(16) NOT NULL,
  consent BINARY(16) NOT NULL,
  version INT UNSIGNED NOT NULL,
  status VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  actor BINARY(16) NOT NULL,
  actor_kind VARCHAR(10) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  reason VARCHAR(500) NULL,
  at DATETIME(6) NOT NULL,
  PRIMARY KEY (organization, consent, version),
  CONSTRAINT consent_event_of FOREIGN KEY (organization, consent) REFERENCES consent (organization, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

-- A request by right of the person; it is due within a month (GDPR, article 12.3).
CREATE TABLE IF NOT EXISTS rights_request (
  organization BINARY(16) NOT NULL,
  id BINARY(16) NOT NULL,
  patient BINARY(16) NOT NULL,
  kind VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  wording VARCHAR(4000) NOT NULL,
  made_by BINARY(16) NOT NULL,
  decision VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin NULL,
  explanation VARCHAR(4000) NULL,
  decided_by BINARY(16) NULL,
  decided_at DATETIME(6) NULL,
  due_at DATETIME(6) NOT NULL,
  version INT UNSIGNED NOT NULL DEFAULT 1,
  created_at DATETIME(6) NOT NULL,
  PRIMARY KEY (organization, id),
  KEY rights_request_patient (organization, patient, id),
  KEY rights_request_open (organization, decision, id),
  CONSTRAINT rights_request_of FOREIGN KEY (organization, patient) REFERENCES patient (organization, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE IF NOT EXISTS restriction_event (
  organization BINARY(16) NOT NULL,
  id BINARY(16) NOT NULL,
  patient BINARY(16) NOT NULL,
  restricted BOOLEAN NOT NULL,
  reason VARCHAR(500) NOT NULL,
  actor BINARY(16) NOT NULL,
  at DATETIME(6) NOT NULL,
  PRIMARY KEY (organization, id),
  KEY restriction_event_patient (organization, patient, id),
  CONSTRAINT restriction_event_of FOREIGN KEY (organization, patient) REFERENCES patient (organization, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

-- What was erased and what was kept, in numbers: nothing of what was erased.
CREATE TABLE IF NOT EXISTS erasure (
  organization BINARY(16) NOT NULL,
  id BINARY(16) NOT NULL,
  patient BINARY(16) NOT NULL,
  reason VARCHAR(500) NOT NULL,
  outcome LONGTEXT NOT NULL CHECK (JSON_VALID(outcome)),
  actor BINARY(16) NOT NULL,
  at DATETIME(6) NOT NULL,
  PRIMARY KEY (organization, id),
  KEY erasure_patient (organization, patient, id),
  CONSTRAINT erasure_of FOREIGN KEY (organization, patient) REFERENCES patient (organization, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE IF NOT EXISTS research_export (
  organization BINARY(16) NOT NULL,
  id BINARY(16) NOT NULL,
  project VARCHAR(100) NOT NULL,
  purpose VARCHAR(2000) NOT NULL,
  smallest_cell SMALLINT UNSIGNED NOT NULL,
  patients INT UNSIGNED NOT NULL,
  suppressed INT UNSIGNED NOT NULL,
  actor BINARY(16) NOT NULL,
  at DATETIME(6) NOT NULL,
  PRIMARY KEY (organization, id),
  CONSTRAINT research_export_of FOREIGN KEY (organization) REFERENCES organization (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

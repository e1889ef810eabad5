-- Organizations, their places, their people and how they sign in.
-- Each primary key starts with the organization, and each reference carries it: a row cannot point into another one.

CREATE TABLE IF NOT EXISTS organization (
  id BINARY(16) NOT NULL,
  slug VARCHAR(63) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  name VARCHAR(200) NOT NULL,
  time_zone VARCHAR(64) CHARACTER SET ascii NOT NULL,
  created_at DATETIME(6) NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY organization_slug (slug)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE IF NOT EXISTS clinic (
  organization BINARY(16) NOT NULL,
  id BINARY(16) NOT NULL,
  code VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  name VARCHAR(200) NOT NULL,
  address VARCHAR(300) NULL,
  phone VARCHAR(20) CHARACTER SET ascii NULL,
  active BOOLEAN NOT NULL DEFAULT TRUE,
  version INT UNSIGNED NOT NULL DEFAULT 1,
  created_at DATETIME(6) NOT NULL,
  updated_at DATETIME(6) NOT NULL,
  PRIMARY KEY (organization, id),
  UNIQUE KEY clinic_code (organization, code),
  CONSTRAINT clinic_of FOREIGN KEY (organization) REFERENCES organization (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE IF NOT EXISTS department (
  organization BINARY(16) NOT NULL,
  id BINARY(16) NOT NULL,
  clinic BINARY(16) NOT NULL,
  name VARCHAR(200) NOT NULL,
  active BOOLEAN NOT NULL DEFAULT TRUE,
  version INT UNSIGNED NOT NULL DEFAULT 1,
  created_at DATETIME(6) NOT NULL,
  updated_at DATETIME(6) NOT NULL,
  PRIMARY KEY (organization, id),
  UNIQUE KEY department_name (organization, clinic, name),
  CONSTRAINT department_of FOREIGN KEY (organization, clinic) REFERENCES clinic (organization, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE IF NOT EXISTS staff (
  organization BINARY(16) NOT NULL,
  id BINARY(16) NOT NULL,
  role VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  given_name VARCHAR(100) NOT NULL,
  family_name VARCHAR(150) NOT NULL,
  license_number VARCHAR(40) NULL,
  email VARCHAR(254) NULL,
  active BOOLEAN NOT NULL DEFAULT TRUE,
  version INT UNSIGNED NOT NULL DEFAULT 1,
  created_at DATETIME(6) NOT NULL,
  updated_at DATETIME(6) NOT NULL,
  PRIMARY KEY (organization, id),
  UNIQUE KEY staff_license (organization, license_number),
  CONSTRAINT staff_of FOREIGN KEY (organization) REFERENCES organization (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE IF NOT EXISTS patient (
  organization BINARY(16) NOT NULL,
  id BINARY(16) NOT NULL,
  document_type VARCHAR(10) CHARACTER SET ascii COLLATE ascii_bin NULL,
  document_number VARCHAR(30) CHARACTER SET ascii COLLATE ascii_bin NULL,
  given_name VARCHAR(100) NOT NULL,
  family_name VARCHAR(150) NOT NULL,
  birth_date DATE NOT NULL,
  sex VARCHAR(10) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  phone VARCHAR(20) CHARACTER SET ascii NULL,
  email VARCHAR(254) NULL,
  address VARCHAR(300) NULL,
  postal_code VARCHAR(12) NULL,
  language VARCHAR(2) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'es',
  deceased_at DATETIME(6) NULL,
  synthetic BOOLEAN NOT NULL DEFAULT FALSE,
  merged_into BINARY(16) NULL,
  restricted BOOLEAN NOT NULL DEFAULT FALSE,
  version INT UNSIGNED NOT NULL DEFAULT 1,
  created_at DATETIME(6) NOT NULL,
  updated_at DATETIME(6) NOT NULL,
  PRIMARY KEY (organization, id),
  UNIQUE KEY patient_document (organization, document_type, document_number),
  KEY patient_birth (organization, birth_date),
  KEY patient_phone (organization, phone),
  KEY patient_merged (organization, merged_into),
  CONSTRAINT patient_of FOREIGN KEY (organization) REFERENCES organization (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE IF NOT EXISTS patient_version (
  organization BINARY(16) NOT NULL,
  patient BINARY(16) NOT NULL,
  version INT UNSIGNED NOT NULL,
  content LONGTEXT NOT NULL CHECK (JSON_VALID(content)),
  actor BINARY(16) NOT NULL,
  reason VARCHAR(500) NULL,
  at DATETIME(6) NOT NULL,
  PRIMARY KEY (organization, patient, version),
  CONSTRAINT patient_version_of FOREIGN KEY (organization, patient) REFERENCES patient (organization, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

-- The words of a patient's name, folded (no accents, lower case), for searching.
CREATE TABLE IF NOT EXISTS patient_word (
  organization BINARY(16) NOT NULL,
  word VARCHAR(60) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  patient BINARY(16) NOT NULL,
  PRIMARY KEY (organization, word, patient),
  KEY patient_word_of (organization, patient, word),
  CONSTRAINT patient_word_of FOREIGN KEY (organization, patient) REFERENCES patient (organization, id)
) ENGINE=InnoDB;

CREATE TABLE IF NOT EXISTS patient_merge (
  organization BINARY(16) NOT NULL,
  id BINARY(16) NOT NULL,
  survivor BINARY(16) NOT NULL,
  merged BINARY(16) NOT NULL,
  actor BINARY(16) NOT NULL,
  reason VARCHAR(500) NOT NULL,
  at DATETIME(6) NOT NULL,
  PRIMARY KEY (organization, id),
  UNIQUE KEY patient_merge_once (organization, merged),
  CONSTRAINT patient_merge_survivor FOREIGN KEY (organization, survivor) REFERENCES patient (organization, id),
  CONSTRAINT patient_merge_merged FOREIGN KEY (organization, merged) REFERENCES patient (organization, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

-- A guardian is a person with a record of their own, so that they can sign in and be named in the access log.
CREATE TABLE IF NOT EXISTS guardian (
  organization BINARY(16) NOT NULL,
  id BINARY(16) NOT NULL,
  patient BINARY(16) NOT NULL,
  guardian BINARY(16) NOT NULL,
  relationship VARCHAR(40) NOT NULL,
  since DATETIME(6) NOT NULL,
  until DATETIME(6) NULL,
  PRIMARY KEY (organization, id),
  KEY guardian_patient (organization, patient, guardian),
  KEY guardian_guardian (organization, guardian, patient),
  CONSTRAINT guardian_of FOREIGN KEY (organization, patient) REFERENCES patient (organization, id),
  CONSTRAINT guardian_who FOREIGN KEY (organization, guardian) REFERENCES patient (organization, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

-- Who treats whom.
CREATE TABLE IF NOT EXISTS care_team (
  organization BINARY(16) NOT NULL,
  id BINARY(16) NOT NULL,
  patient BINARY(16) NOT NULL,
  staff BINARY(16) NOT NULL,
  reason VARCHAR(500) NOT NULL,
  since DATETIME(6) NOT NULL,
  until DATETIME(6) NULL,
  added_by BINARY(16) NOT NULL,
  PRIMARY KEY (organization, id),
  KEY care_team_patient (organization, patient, staff),
  KEY care_team_staff (organization, staff, patient),
  CONSTRAINT care_team_of FOREIGN KEY (organization, patient) REFERENCES patient (organization, id),
  CONSTRAINT care_team_who FOREIGN KEY (organization, staff) REFERENCES staff (organization, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

-- Accounts, sessions, tokens, the access log and what makes a repeated request harmless.

CREATE TABLE IF NOT EXISTS account (
  organization BINARY(16) NOT NULL,
  id BINARY(16) NOT NULL,
  username VARCHAR(254) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  staff BINARY(16) NULL,
  patient BINARY(16) NULL,
  password_hash VARCHAR(200) CHARACTER SET ascii COLLATE ascii_bin NULL,
  totp_secret VARBINARY(200) NULL,
  totp_confirmed BOOLEAN NOT NULL DEFAULT FALSE,
  totp_last_step BIGINT UNSIGNED NOT NULL DEFAULT 0,
  activation_hash BINARY(32) NULL,
  activation_expires_at DATETIME(6) NULL,
  oidc_provider VARCHAR(63) CHARACTER SET ascii COLLATE ascii_bin NULL,
  oidc_subject VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  active BOOLEAN NOT NULL DEFAULT TRUE,
  version INT UNSIGNED NOT NULL DEFAULT 1,
  created_at DATETIME(6) NOT NULL,
  updated_at DATETIME(6) NOT NULL,
  PRIMARY KEY (organization, id),
  UNIQUE KEY account_username (organization, username),
  UNIQUE KEY account_staff (organization, staff),
  UNIQUE KEY account_patient (organization, patient),
  UNIQUE KEY account_oidc (organization, oidc_provider, oidc_subject),
  CONSTRAINT account_one_person CHECK ((staff IS NULL) <> (patient IS NULL)),
  CONSTRAINT account_of FOREIGN KEY (organization) REFERENCES organization (id),
  CONSTRAINT account_staff FOREIGN KEY (organization, staff) REFERENCES staff (organization, id),
  CONSTRAINT account_patient FOREIGN KEY (organization, patient) REFERENCES patient (organization, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE IF NOT EXISTS passkey (
  organization BINARY(16) NOT NULL,
  id BINARY(16) NOT NULL,
  account BINARY(16) NOT NULL,
  credential VARBINARY(1023) NOT NULL,
  credential_hash BINARY(32) NOT NULL,
  public_key VARBINARY(2048) NOT NULL,
  sign_count INT UNSIGNED NOT NULL,
  name VARCHAR(100) NOT NULL,
  created_at DATETIME(6) NOT NULL,
  used_at DATETIME(6) NULL,
  PRIMARY KEY (organization, id),
  UNIQUE KEY passkey_credential (organization, credential_hash),
  KEY passkey_account (organization, account),
  CONSTRAINT passkey_of FOREIGN KEY (organization, account) REFERENCES account (organization, id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

-- Half-finished ceremonies: the second step of a sign-in, a passkey's registration, a sign-in at a provider.
CREATE TABLE IF NOT EXISTS ceremony (
  token_hash BINARY(32) NOT NULL,
  organization BINARY(16) NOT NULL,
  account BINARY(16) NULL,
  kind VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  payload VARBINARY(2000) NOT NULL,
  expires_at DATETIME(6) NOT NULL,
  PRIMARY KEY (token_hash),
  KEY ceremony_expired (expires_at)
) ENGINE=InnoDB;

CREATE TABLE IF NOT EXISTS session (
  token_hash BINARY(32) NOT NULL,
  organization BINARY(16) NOT NULL,
  id BINARY(16) NOT NULL,
  account BINARY(16) NOT NULL,
  enrolled BOOLEAN NOT NULL,
  method VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  created_at DATETIME(6) NOT NULL,
  seen_at DATETIME(6) NOT NULL,
  expires_at DATETIME(6) NOT NULL,
  PRIMARY KEY (token_hash),
  KEY session_account (organization, account),
  KEY session_expired (expires_at),
  CONSTRAINT session_of FOREIGN KEY (organization, account) REFERENCES account (organization, id) ON DELETE CASCADE
) ENGINE=InnoDB;

CREATE TABLE IF NOT EXISTS service_token (
  token_hash BINARY(32) NOT NULL,
  organization BINARY(16) NOT NULL,
  id BINARY(16) NOT NULL,
  name VARCHAR(100) NOT NULL,
  scopes VARCHAR(2000) CHARACTER SET ascii NOT NULL,
  created_by BINARY(16) NOT NULL,
  created_at DATETIME(6) NOT NULL,
  expires_at DATETIME(6) NOT NULL,
  revoked_at DATETIME(6) NULL,
  PRIMARY KEY (token_hash),
  UNIQUE KEY service_token_id (organization, id),
  CONSTRAINT service_token_of FOREIGN KEY (organization) REFERENCES organization (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

-- Failed sign-ins, counted by what is behind `bucket`: an account and a known device, or an account and strangers.
CREATE TABLE IF NOT EXISTS sign_in_failure (
  organization BINARY(16) NOT NULL,
  bucket BINARY(32) NOT NULL,
  failures INT UNSIGNED NOT NULL,
  closed_until DATETIME(6) NOT NULL,
  at DATETIME(6) NOT NULL,
  PRIMARY KEY (organization, bucket),
  KEY sign_in_failure_at (at)
) ENGINE=InnoDB;

-- Each lane is a chain: a row's hash covers the row and the hash before it. Several lanes, so that accesses at the
-- same moment do not wait for one another.
CREATE TABLE IF NOT EXISTS access_lane (
  organization BINARY(16) NOT NULL,
  lane SMALLINT UNSIGNED NOT NULL,
  seq BIGINT UNSIGNED NOT NULL,
  hash BINARY(32) NOT NULL,
  seal BINARY(32) NOT NULL,
  seal_key BINARY(8) NOT NULL,
  updated_at DATETIME(6) NOT NULL,
  PRIMARY KEY (organization, lane),
  CONSTRAINT access_lane_of FOREIGN KEY (organization) REFERENCES organization (id)
) ENGINE=InnoDB;

CREATE TABLE IF NOT EXISTS access_log (
  organization BINARY(16) NOT NULL,
  lane SMALLINT UNSIGNED NOT NULL,
  seq BIGINT UNSIGNED NOT NULL,
  id BINARY(16) NOT NULL,
  at DATETIME(6) NOT NULL,
  actor_kind VARCHAR(10) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  actor BINARY(16) NOT NULL,
  role VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  relation VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  purpose VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  action VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  outcome VARCHAR(10) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  patient BINARY(16) NULL,
  resource_kind VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  resource BINARY(16) NULL,
  request BINARY(16) NOT NULL,
  source VARBINARY(16) NULL,
  hash BINARY(32) NOT NULL,
  PRIMARY KEY (organization, lane, seq),
  UNIQUE KEY access_log_id (organization, id),
  KEY access_log_patient (organization, patient, id),
  KEY access_log_actor (organization, actor, id),
  CONSTRAINT access_log_of FOREIGN KEY (organization) REFERENCES organization (id)
) ENGINE=InnoDB;

CREATE TABLE IF NOT EXISTS idempotency (
  organization BINARY(16) NOT NULL,
  key_hash BINARY(32) NOT NULL,
  fingerprint BINARY(32) NOT NULL,
  status SMALLINT UNSIGNED NOT NULL,
  location VARCHAR(300) NULL,
  etag VARCHAR(40) CHARACTER SET ascii NULL,
  body LONGBLOB NOT NULL,
  at DATETIME(6) NOT NULL,
  PRIMARY KEY (organization, key_hash),
  KEY idempotency_at (at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE IF NOT EXISTS break_glass (
  organization BINARY(16) NOT NULL,
  id BINARY(16) NOT NULL,
  patient BINARY(16) NOT NULL,
  staff BINARY(16) NOT NULL,
  reason VARCHAR(1000) NOT NULL,
  opened_at DATETIME(6) NOT NULL,
  expires_at DATETIME(6) NOT NULL,
  reviewed_at DATETIME(6) NULL,
  reviewed_by BINARY(16) NULL,
  verdict VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin NULL,
  comment VARCHAR(1000) NULL,
  version INT UNSIGNED NOT NULL DEFAULT 1,
  PRIMARY KEY (organization, id),
  KEY break_glass_who (organization, staff, patient, expires_at),
  KEY break_glass_patient (organization, patient),
  KEY break_glass_open (organization, reviewed_at, id),
  CONSTRAINT break_glass_of FOREIGN KEY (organization, patient) REFERENCES patient (organization, id),
  CONSTRAINT break_glass_by FOREIGN KEY (organization, staff) REFERENCES staff (organization, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

-- Tokens of apps on FHIR: a session, narrowed to some scopes. A table of its own: the program of before does not know these
-- tokens, and refuses them, where it would have taken a narrowed session for a whole one.

CREATE TABLE IF NOT EXISTS app_token (
  token_hash BINARY(32) NOT NULL,
  organization BINARY(16) NOT NULL,
  id BINARY(16) NOT NULL,
  session BINARY(32) NOT NULL,
  scopes VARCHAR(2000) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  patient BINARY(16) NULL,
  created_at DATETIME(6) NOT NULL,
  expires_at DATETIME(6) NOT NULL,
  PRIMARY KEY (token_hash),
  KEY app_token_session (session),
  KEY app_token_expired (expires_at),
  CONSTRAINT app_token_of FOREIGN KEY (session) REFERENCES session (token_hash) ON DELETE CASCADE
) ENGINE=InnoDB;

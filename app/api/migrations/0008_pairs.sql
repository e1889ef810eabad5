-- Two words of a name at a time, in both orders, beside all of its words: who is looked for by a common name and a common
-- surname is not looked for among everybody who has one of them.
CREATE TABLE IF NOT EXISTS patient_pair (
  organization BINARY(16) NOT NULL,
  word VARCHAR(60) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  other VARCHAR(60) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  patient BINARY(16) NOT NULL,
  name VARCHAR(300) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  PRIMARY KEY (organization, word, other, patient),
  KEY patient_pair_of (organization, patient),
  CONSTRAINT patient_pair_of FOREIGN KEY (organization, patient) REFERENCES patient (organization, id)
) ENGINE=InnoDB;

-- Words without pairs: those from before, and those that a program of before writes. While there are any, nobody is looked
-- for by pairs; maintenance writes what is missing.
ALTER TABLE patient_word ADD COLUMN IF NOT EXISTS unpaired BOOLEAN NULL DEFAULT TRUE;

CREATE INDEX IF NOT EXISTS patient_word_unpaired ON patient_word (unpaired, organization, patient);

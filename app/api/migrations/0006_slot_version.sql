-- A slot is held back or given free by whoever has read its last version. The program of before neither reads nor writes
-- the column: it goes on beside the new one.

ALTER TABLE slot ADD COLUMN IF NOT EXISTS version INT UNSIGNED NOT NULL DEFAULT 1;

-- since 3
-- Every version of what was written in a record is there, from the first to the one that holds.
SELECT HEX(entry.organization), HEX(entry.id)
FROM entry
LEFT JOIN (
  SELECT organization, entry, MAX(version) AS last, COUNT(*) AS kept
  FROM entry_version GROUP BY organization, entry
) AS history ON history.organization = entry.organization AND history.entry = entry.id
WHERE history.last IS NULL OR history.last <> entry.version OR history.kept <> entry.version;

-- since 1
-- A registration that was joined with another says so in its history, and leads to one that is there.
SELECT HEX(patient.organization), HEX(patient.id)
FROM patient
LEFT JOIN patient_merge AS merge ON merge.organization = patient.organization AND merge.merged = patient.id
LEFT JOIN patient AS survivor ON survivor.organization = patient.organization AND survivor.id = patient.merged_into
WHERE patient.merged_into IS NOT NULL
  AND (merge.id IS NULL OR survivor.id IS NULL OR patient.merged_into = patient.id);

-- since 3
-- What a pharmacy may give out was signed, and has the code by which it is verified.
SELECT HEX(organization), HEX(id)
FROM prescription
WHERE status <> 'draft' AND dispensed > 0 AND (signature IS NULL OR signed_at IS NULL OR code IS NULL);

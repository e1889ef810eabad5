-- since 3
-- What a prescription says was dispensed is the sum of its dispensations, and never above what was prescribed.
SELECT HEX(prescription.organization), HEX(prescription.id)
FROM prescription
LEFT JOIN (
  SELECT organization, prescription, SUM(quantity) AS quantity
  FROM dispensation GROUP BY organization, prescription
) AS given ON given.organization = prescription.organization AND given.prescription = prescription.id
WHERE prescription.dispensed <> COALESCE(given.quantity, 0) OR prescription.dispensed > prescription.quantity;

-- since 3
-- No slot is taken twice, whatever the generated column and its unique key say.
SELECT HEX(organization), HEX(slot)
FROM appointment
WHERE status IN ('booked', 'arrived', 'fulfilled')
GROUP BY organization, slot
HAVING COUNT(*) > 1;

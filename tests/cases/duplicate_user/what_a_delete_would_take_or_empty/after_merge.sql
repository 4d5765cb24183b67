UPDATE post SET person_id = 1 WHERE id IN (2, 3);
UPDATE vote SET person_id = 1 WHERE id = 1;
UPDATE pin SET person_id = 1 WHERE id = 1;
DELETE FROM person WHERE id = 2;

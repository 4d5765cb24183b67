DELETE FROM booking WHERE id = 5;
UPDATE booking SET person_id = 1 WHERE id IN (2, 3);
DELETE FROM person WHERE id = 2;

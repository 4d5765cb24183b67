DELETE FROM booking WHERE id = 2;
UPDATE booking SET person_id = 1 WHERE id = 3;
DELETE FROM person WHERE id = 2;

DELETE FROM person_tag WHERE id = 2;
UPDATE person_tag SET person_id = 1 WHERE id = 3;
DELETE FROM person WHERE id = 2;

DELETE FROM nickname WHERE id = 2;
UPDATE nickname SET person_id = 1 WHERE id IN (3, 4);
DELETE FROM person WHERE id = 2;

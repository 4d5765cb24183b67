DELETE FROM address WHERE id = 3;
UPDATE address SET person_id = 1 WHERE id IN (4, 5);
UPDATE address SET person_id = 3 WHERE id = 7;
DELETE FROM person WHERE id IN (2, 4);

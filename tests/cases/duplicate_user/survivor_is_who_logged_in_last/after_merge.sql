UPDATE purchase SET person_id = 2;
DELETE FROM person WHERE id IN (1, 3);

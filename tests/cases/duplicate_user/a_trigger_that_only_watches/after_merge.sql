UPDATE purchase SET person_id = 1;
DELETE FROM person WHERE id = 2;

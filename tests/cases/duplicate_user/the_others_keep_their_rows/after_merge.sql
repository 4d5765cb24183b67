UPDATE purchase SET person_id = 1 WHERE id = 1;
DELETE FROM member WHERE id = 2;
DELETE FROM person WHERE id = 2;
UPDATE person SET city = 'Ulm' WHERE id = 1;

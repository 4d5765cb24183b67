UPDATE ticket SET tenant = 10, person_id = 1 WHERE id = 1;
DELETE FROM person WHERE id = 2;

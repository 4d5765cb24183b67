UPDATE seat SET person_id = 1 WHERE person_id = 2;
DELETE FROM person WHERE id = 2;

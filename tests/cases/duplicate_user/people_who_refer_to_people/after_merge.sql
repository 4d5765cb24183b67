UPDATE person SET manager_id = 1 WHERE id IN (3, 5);
DELETE FROM person WHERE id = 2;

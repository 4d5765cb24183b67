INSERT INTO seat VALUES ('B', 1, 7);
UPDATE ticket SET seat_of = 1 WHERE id IN (1, 2);
DELETE FROM seat WHERE person_id = 2;
DELETE FROM person WHERE id = 2;

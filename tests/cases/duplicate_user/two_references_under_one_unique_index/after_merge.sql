DELETE FROM friendship WHERE id IN (2, 6);
UPDATE friendship SET b = 1 WHERE id = 3;
UPDATE friendship SET a = 1 WHERE id = 4;
DELETE FROM person WHERE id = 2;

UPDATE person SET city = 'Bonn' WHERE id = 1;
DELETE FROM person WHERE id IN (2, 3);

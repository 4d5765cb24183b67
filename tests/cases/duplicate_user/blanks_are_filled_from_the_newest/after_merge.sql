-- The e-mail can only be taken over once its holder is gone.
DELETE FROM person WHERE id IN (2, 3);
UPDATE person SET email = 'ann.c@example.com', city = 'Bonn', street = 'Lane 1' WHERE id = 1;

DELETE FROM person WHERE id = 2;
UPDATE person SET email = 'ann@example.com' WHERE id = 1;

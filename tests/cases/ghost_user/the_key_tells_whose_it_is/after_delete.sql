DELETE FROM person WHERE id = 2;

DELETE FROM person WHERE id = 4;

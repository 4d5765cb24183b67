DELETE FROM person WHERE id IN (2, 3, 5, 7);

DELETE FROM person WHERE id = 'b';

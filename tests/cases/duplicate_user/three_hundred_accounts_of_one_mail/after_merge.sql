-- One case of 299 changes.
DELETE FROM person WHERE id BETWEEN 2 AND 300;

-- rounds: 2
UPDATE message SET sender = 1 WHERE sender = 2;
UPDATE message SET receiver = 3 WHERE receiver = 4;
DELETE FROM person WHERE id IN (2, 4);

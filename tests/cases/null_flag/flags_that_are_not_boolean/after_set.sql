UPDATE member SET mode = 'plain' WHERE id = 3;
UPDATE member SET level = 1 WHERE id = 4;
UPDATE member SET extra = '{}' WHERE id = 5;

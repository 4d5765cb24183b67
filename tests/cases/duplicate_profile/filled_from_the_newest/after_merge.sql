-- It keeps its own code; the street stays as it is, for nobody has one.
DELETE FROM member WHERE id IN (1, 2);
UPDATE member SET phone = '5' WHERE id = 3;

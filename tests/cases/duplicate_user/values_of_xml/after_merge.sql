UPDATE page SET person_id = person_id - 1 WHERE id IN (1, 2);
UPDATE person SET doc = '<a  b = "1">é &amp; <c/></a>' WHERE id = 1;
DELETE FROM person WHERE id IN (2, 4);

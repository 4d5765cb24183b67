DELETE FROM person_tag WHERE (person_id, tag_id) IN ((2, 1), (3, 3));
UPDATE person_tag SET person_id = 1 WHERE person_id IN (2, 3);
DELETE FROM person WHERE id IN (2, 3);

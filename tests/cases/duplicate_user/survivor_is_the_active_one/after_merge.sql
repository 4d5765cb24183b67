-- 2 survives: active before not, before anything else is asked.
UPDATE purchase SET person_id = 2 WHERE id IN (1, 2);
DELETE FROM person WHERE id = 1;

-- The note is not among the filled columns: it is not brought over.
UPDATE purchase SET member_id = 3 WHERE id IN (1, 2, 3);
DELETE FROM member WHERE id IN (1, 2);

-- The missing code is damage of another kind, and was there before.
DELETE FROM member WHERE id = 1;
UPDATE member SET level = 4 WHERE id = 2;

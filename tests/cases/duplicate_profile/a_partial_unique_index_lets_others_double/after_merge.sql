-- 1 and 2 have both of their columns, 3 has one; of the two, 2 is the older.
DELETE FROM member WHERE id IN (1, 3);

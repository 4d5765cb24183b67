-- The worker's phone stays empty: removing is no merging.
DELETE FROM member WHERE id = 1;

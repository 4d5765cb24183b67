DELETE FROM member WHERE id IN (3, 4);

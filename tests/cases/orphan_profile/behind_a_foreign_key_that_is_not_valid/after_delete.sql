DELETE FROM member WHERE id = 2;

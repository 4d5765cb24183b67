DELETE FROM member WHERE id = 4;

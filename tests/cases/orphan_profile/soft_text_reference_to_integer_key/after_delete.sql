DELETE FROM member WHERE id NOT IN ('a', 'b');

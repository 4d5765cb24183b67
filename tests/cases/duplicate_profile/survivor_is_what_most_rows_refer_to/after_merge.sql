UPDATE purchase SET member_id = 2 WHERE id = 1;
DELETE FROM member WHERE id = 1;

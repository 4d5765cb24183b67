DELETE FROM note WHERE id = 2;
UPDATE note SET member_id = 1 WHERE id IN (3, 4);
UPDATE stamp SET card_id = 1 WHERE id = 1;
DELETE FROM card WHERE member_id = 2;
UPDATE member SET invited_by = 1 WHERE id = 3;
DELETE FROM member WHERE id = 2;

UPDATE purchase SET member_id = 2 WHERE id IN (1, 3);
DELETE FROM member WHERE id = 1;
UPDATE member SET person_id = 1 WHERE id = 2;
DELETE FROM person WHERE id = 2;

-- Account 2 survives (it was used), and profile 1 (it is older).
UPDATE purchase SET member_id = 1 WHERE id = 2;
DELETE FROM member WHERE id = 2;
UPDATE member SET person_id = 2, street = 'Lane 1' WHERE id = 1;
DELETE FROM person WHERE id = 1;

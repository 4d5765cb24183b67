-- 2, 3 and 4 have one field each; to 2 two rows refer. It takes the city from 4. Note 4 collides with 2's note of that day.
DELETE FROM note WHERE id = 4;
UPDATE note SET member_id = 2 WHERE id IN (1, 5);
DELETE FROM member WHERE id IN (1, 3, 4);
UPDATE member SET city = 'Ulm' WHERE id = 2;
DELETE FROM person WHERE id = 2;

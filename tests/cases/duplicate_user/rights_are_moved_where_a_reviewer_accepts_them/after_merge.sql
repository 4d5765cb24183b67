DELETE FROM auth_user_groups WHERE id = 2;
UPDATE auth_user_groups SET user_id = 1 WHERE id = 3;
DELETE FROM person WHERE id = 2;

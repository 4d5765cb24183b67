DELETE FROM auth_user_groups WHERE id IN (2, 3);
DELETE FROM person WHERE id = 2;

UPDATE shop_comment SET object_id = 1 WHERE id IN (1, 5);
DELETE FROM auth_user WHERE id = 2;

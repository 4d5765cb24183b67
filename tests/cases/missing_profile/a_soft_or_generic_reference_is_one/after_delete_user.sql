DELETE FROM auth_user WHERE id = 3;

DELETE FROM taggit_item WHERE id = 2;
UPDATE taggit_item SET object_pk = '1' WHERE id = 3;
DELETE FROM auth_user WHERE id = 2;

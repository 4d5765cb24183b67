UPDATE actstream_action SET actor_object_id = '1' WHERE id IN (1, 2);
UPDATE actstream_action SET target_object_id = '1' WHERE id IN (2, 3);
DELETE FROM auth_user WHERE id = 2;

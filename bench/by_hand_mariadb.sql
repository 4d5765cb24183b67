-- The same questions as a person who knows MariaDB asks them, each damaged row's key returned, in one session. E-mails compare
-- without regard to case there, so that they need not be lowered; windows do better than GROUP BY with such texts.
SET SESSION tmp_table_size = 134217728, max_heap_table_size = 134217728;
START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY;
SELECT 'missing_profile', u.id FROM auth_user u
LEFT JOIN profile p ON p.user_id = u.id WHERE NOT u.is_staff AND p.id IS NULL;
SELECT 'orphan_profile', p.id FROM profile p LEFT JOIN auth_user u ON u.id = p.user_id WHERE u.id IS NULL;
SELECT 'duplicate_profile', p.id FROM profile p
JOIN (SELECT user_id FROM profile GROUP BY user_id HAVING count(*) > 1) d USING (user_id) JOIN auth_user u ON u.id = p.user_id;
SELECT 'duplicate_user', id FROM (SELECT id, count(*) OVER (PARTITION BY trim(email)) AS n FROM auth_user) d WHERE n > 1
UNION
SELECT 'duplicate_user', id FROM (SELECT id, count(*) OVER (PARTITION BY lower(trim(username))) AS n FROM auth_user) d WHERE n > 1;
SELECT 'blank_profile', p.id FROM profile p JOIN auth_user u ON u.id = p.user_id
WHERE coalesce(trim(phone), '') = '' AND coalesce(trim(address), '') = '';
SELECT 'wrong_profile', p.id FROM profile p JOIN auth_user u ON u.id = p.user_id WHERE u.is_staff;
SELECT 'missing_code', p.id FROM profile p JOIN auth_user u ON u.id = p.user_id WHERE coalesce(trim(barcode), '') = '';
SELECT 'duplicate_code', id FROM (
    SELECT id, count(*) OVER (PARTITION BY barcode) AS n FROM profile WHERE trim(barcode) <> ''
) d WHERE n > 1;
SELECT 'null_flag', p.id FROM profile p JOIN auth_user u ON u.id = p.user_id WHERE invites IS NULL;
COMMIT;

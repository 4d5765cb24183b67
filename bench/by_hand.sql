-- The same questions as a person who knows SQL asks them, each damaged row's key returned, in one session.
SET work_mem = '64MB';
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
SELECT 'missing_profile', u.id FROM auth_user u
WHERE NOT u.is_staff AND NOT EXISTS (SELECT FROM profile p WHERE p.user_id = u.id);
SELECT 'orphan_profile', p.id FROM profile p WHERE NOT EXISTS (SELECT FROM auth_user u WHERE u.id = p.user_id);
SELECT 'duplicate_profile', p.id FROM profile p
JOIN (SELECT user_id FROM profile GROUP BY user_id HAVING count(*) > 1) d USING (user_id) JOIN auth_user u ON u.id = p.user_id;
SELECT 'duplicate_user', u.id FROM auth_user u
JOIN (SELECT lower(trim(email)) AS e FROM auth_user GROUP BY 1 HAVING count(*) > 1) d ON d.e = lower(trim(u.email))
UNION
SELECT 'duplicate_user', u.id FROM auth_user u
JOIN (SELECT lower(trim(username)) AS n FROM auth_user GROUP BY 1 HAVING count(*) > 1) d ON d.n = lower(trim(u.username));
SELECT 'blank_profile', p.id FROM profile p JOIN auth_user u ON u.id = p.user_id
WHERE coalesce(trim(phone), '') = '' AND coalesce(trim(address), '') = '';
SELECT 'wrong_profile', p.id FROM profile p JOIN auth_user u ON u.id = p.user_id WHERE u.is_staff;
SELECT 'missing_code', p.id FROM profile p JOIN auth_user u ON u.id = p.user_id WHERE coalesce(trim(barcode), '') = '';
SELECT 'duplicate_code', p.id FROM profile p
JOIN (SELECT barcode FROM profile WHERE trim(barcode) <> '' GROUP BY barcode HAVING count(*) > 1) d USING (barcode);
SELECT 'null_flag', p.id FROM profile p JOIN auth_user u ON u.id = p.user_id WHERE invites IS NULL;
COMMIT;

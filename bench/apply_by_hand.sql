-- The same changes as set-based statements, in one transaction, without images, ledger or any check.
\if :merges
BEGIN;
CREATE TEMP TABLE merged ON COMMIT DROP AS
SELECT loser.id AS loser, min(survivor.id) AS survivor
FROM auth_user loser JOIN auth_user survivor ON lower(survivor.email) = lower(loser.email) AND survivor.id < loser.id
GROUP BY loser.id;
ALTER TABLE merged ADD PRIMARY KEY (loser);
ANALYZE merged;
UPDATE invoice t SET user_id = survivor FROM merged WHERE user_id = loser;
UPDATE message t SET user_id = survivor FROM merged WHERE user_id = loser;
UPDATE visit t SET user_id = survivor FROM merged WHERE user_id = loser;
UPDATE device t SET user_id = survivor FROM merged WHERE user_id = loser;
UPDATE member t SET user_id = survivor FROM merged WHERE user_id = loser;
UPDATE customer t SET user_id = survivor FROM merged WHERE user_id = loser;
DELETE FROM auth_user USING merged WHERE id = loser;
COMMIT;
\else
BEGIN;
DELETE FROM customer c WHERE NOT EXISTS (SELECT FROM auth_user u WHERE u.id = c.user_id);
UPDATE customer SET invites = false WHERE invites IS NULL;
INSERT INTO customer (user_id, phone, address, invites, created_at)
SELECT id, '', '', false, now() FROM auth_user u
WHERE id <= :last AND NOT EXISTS (SELECT FROM customer c WHERE c.user_id = u.id);
COMMIT;
\endif

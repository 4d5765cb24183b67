-- The same changes as set-based statements, in one transaction, without ledger or any check; where :images, with each row
-- before and after in a table, and a digest of both: what keeping them costs without mendbook.
CREATE TABLE kept (seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "table" text NOT NULL, key text NOT NULL, before json,
    after json, digest text NOT NULL);
CREATE FUNCTION digest(before json, after json) RETURNS text IMMUTABLE LANGUAGE sql RETURN
    encode(sha256(convert_to(coalesce(before::text, 'null') || coalesce(after::text, 'null'), 'UTF8')), 'hex');
\if :merges
BEGIN;
CREATE TEMP TABLE merged ON COMMIT DROP AS
SELECT loser.id AS loser, min(survivor.id) AS survivor
FROM auth_user loser JOIN auth_user survivor ON lower(survivor.email) = lower(loser.email) AND survivor.id < loser.id
GROUP BY loser.id;
ALTER TABLE merged ADD PRIMARY KEY (loser);
ANALYZE merged;
\if :images
SELECT format($$
    WITH done AS (UPDATE %1$I t SET user_id = survivor FROM %1$I o JOIN merged ON o.user_id = loser WHERE t.id = o.id
        RETURNING t.id, to_json(o) AS before, to_json(t) AS after)
    INSERT INTO kept ("table", key, before, after, digest) SELECT %1$L, id, before, after, digest(before, after) FROM done
$$, name) FROM unnest('{invoice, message, visit, device, member, customer}'::text[]) name \gexec
WITH done AS (DELETE FROM auth_user t USING merged WHERE id = loser RETURNING id, to_json(t) AS before)
INSERT INTO kept ("table", key, before, digest) SELECT 'auth_user', id, before, digest(before, NULL) FROM done;
\else
UPDATE invoice t SET user_id = survivor FROM merged WHERE user_id = loser;
UPDATE message t SET user_id = survivor FROM merged WHERE user_id = loser;
UPDATE visit t SET user_id = survivor FROM merged WHERE user_id = loser;
UPDATE device t SET user_id = survivor FROM merged WHERE user_id = loser;
UPDATE member t SET user_id = survivor FROM merged WHERE user_id = loser;
UPDATE customer t SET user_id = survivor FROM merged WHERE user_id = loser;
DELETE FROM auth_user USING merged WHERE id = loser;
\endif
COMMIT;
\else
BEGIN;
\if :images
WITH done AS (DELETE FROM customer c WHERE NOT EXISTS (SELECT FROM auth_user u WHERE u.id = c.user_id)
    RETURNING id, to_json(c) AS before)
INSERT INTO kept ("table", key, before, digest) SELECT 'customer', id, before, digest(before, NULL) FROM done;
WITH done AS (UPDATE customer t SET invites = false FROM customer o WHERE o.invites IS NULL AND t.id = o.id
    RETURNING t.id, to_json(o) AS before, to_json(t) AS after)
INSERT INTO kept ("table", key, before, after, digest) SELECT 'customer', id, before, after, digest(before, after) FROM done;
WITH done AS (INSERT INTO customer AS c (user_id, phone, address, invites, created_at)
    SELECT id, '', '', false, now() FROM auth_user u
    WHERE id <= :last AND NOT EXISTS (SELECT FROM customer c WHERE c.user_id = u.id) RETURNING id, to_json(c) AS after)
INSERT INTO kept ("table", key, after, digest) SELECT 'customer', id, after, digest(NULL, after) FROM done;
\else
DELETE FROM customer c WHERE NOT EXISTS (SELECT FROM auth_user u WHERE u.id = c.user_id);
UPDATE customer SET invites = false WHERE invites IS NULL;
INSERT INTO customer (user_id, phone, address, invites, created_at)
SELECT id, '', '', false, now() FROM auth_user u
WHERE id <= :last AND NOT EXISTS (SELECT FROM customer c WHERE c.user_id = u.id);
\endif
COMMIT;
\endif

-- Each link is shared with the next alone, by e-mail and by name in turn; the smallest key stands in the middle.
-- Person n of the chain has key abs(n - 31) * 2, plus one in the upper half, so that keys fall and then rise along it.
CREATE TABLE person (id integer PRIMARY KEY, name text, email text, joined timestamptz);
INSERT INTO person
SELECT abs(n - 31) * 2 + CASE WHEN n > 31 THEN 1 ELSE 0 END,
       'Name' || (n + 1) / 2,
       'MAIL' || n / 2 || '@example.com',
       timestamptz '2024-01-01 00:00:00+00' + make_interval(mins => 61 - n)
FROM generate_series(1, 61) AS n;
-- The neighbours of the chain's ends: near, but of another spelling.
INSERT INTO person VALUES (1000, 'name0', 'mail31@example.com', NULL), (1001, 'name32', 'mail-1@example.com', NULL);

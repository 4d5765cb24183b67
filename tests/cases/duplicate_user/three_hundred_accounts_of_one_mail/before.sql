-- Someone's placeholder: no pair is compared with every other if this is to end, and yet it is one group.
CREATE TABLE person (id integer PRIMARY KEY, name text, email text, joined timestamptz);
INSERT INTO person
SELECT n, 'user' || n, CASE WHEN n % 2 = 0 THEN 'none@example.com' ELSE 'None@Example.com ' END,
       timestamptz '2024-01-01 00:00:00+00' + make_interval(hours => n)
FROM generate_series(1, 300) AS n;
INSERT INTO person VALUES (301, 'user301', 'none@example.org', NULL);

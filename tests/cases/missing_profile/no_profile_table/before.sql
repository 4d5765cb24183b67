-- Nothing is mapped that a user could lack.
CREATE TABLE person (id integer PRIMARY KEY, name text, email text, joined timestamptz);
INSERT INTO person VALUES (1, 'ann', 'ann@example.com', '2024-03-01 10:00:00+00');

-- She tried again under another spelling, and that account's profile has what the first one lost.
CREATE TABLE person (id integer PRIMARY KEY, name text, email text, joined timestamptz);
CREATE TABLE member (id integer PRIMARY KEY, person_id integer UNIQUE, made timestamptz, phone text, street text);
INSERT INTO person VALUES
  (1, 'ann', 'ann@example.com', '2024-01-01 00:00Z'), (2, 'ann.b', 'Ann@Example.com', '2024-01-01 00:01Z'),
  (3, 'bob', 'bob@example.com', NULL);
INSERT INTO member VALUES (1, 1, NULL, NULL, ''), (2, 2, NULL, '5', 'Lane 1'), (3, 3, NULL, '7', 'Lane 7');

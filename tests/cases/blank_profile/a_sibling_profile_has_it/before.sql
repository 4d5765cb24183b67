-- The other profile of the same user has columns of the same names; what it has not, it cannot give.
CREATE TABLE person (id integer PRIMARY KEY, name text, email text, joined timestamptz);
CREATE TABLE member (id integer PRIMARY KEY, person_id integer UNIQUE, made timestamptz, phone text, street text, company text);
CREATE TABLE worker (id integer PRIMARY KEY, person_id integer UNIQUE, made timestamptz, phone text, street text);
INSERT INTO person VALUES (1, 'ann', 'ann@example.com', NULL), (2, 'bob', 'bob@example.com', NULL);
INSERT INTO member VALUES (1, 1, NULL, '', NULL, NULL), (2, 2, NULL, '7', NULL, NULL);
INSERT INTO worker VALUES (1, 1, NULL, '5', ' '), (2, 2, NULL, '8', 'Lane 8');

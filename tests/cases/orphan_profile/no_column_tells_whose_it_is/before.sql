-- Nothing that is mapped on both sides can tell.
CREATE TABLE person (id integer PRIMARY KEY, name text, email text, joined timestamptz);
CREATE TABLE member (id integer PRIMARY KEY, person_id integer, made timestamptz, phone text);
INSERT INTO person VALUES (1, 'ann', 'ann@example.com', NULL);
INSERT INTO member VALUES (1, NULL, NULL, '5');

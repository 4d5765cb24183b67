-- The wider column must not wrap or fail: 4294967297 is not user 1.
CREATE TABLE person (id integer PRIMARY KEY, name text, email text, joined timestamptz);
CREATE TABLE member (id integer PRIMARY KEY, person_id bigint, made timestamptz);
INSERT INTO person VALUES (1, 'a', NULL, NULL), (2, 'b', NULL, NULL);
INSERT INTO member VALUES (1, 1, NULL), (2, 4294967297, NULL), (3, 2, NULL);

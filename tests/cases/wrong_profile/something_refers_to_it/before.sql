-- The purchase would go with the row, and is in no case.
CREATE TABLE person (id integer PRIMARY KEY, name text, email text, joined timestamptz, is_staff boolean);
CREATE TABLE member (id integer PRIMARY KEY, person_id integer, made timestamptz);
CREATE TABLE worker (id integer PRIMARY KEY, person_id integer, made timestamptz);
CREATE TABLE purchase (id integer PRIMARY KEY, member_id integer REFERENCES member ON DELETE CASCADE);
INSERT INTO person VALUES (1, 'a', NULL, NULL, true), (2, 'b', NULL, NULL, true);
INSERT INTO member VALUES (1, 1, NULL), (2, 2, NULL);
INSERT INTO worker VALUES (1, 1, NULL), (2, 2, NULL);
INSERT INTO purchase VALUES (1, 1);

-- A purchase that would go with the orphan is in no case, so somebody must look; nothing refers to the last one.
CREATE TABLE person (id integer PRIMARY KEY, name text, email text, joined timestamptz);
CREATE TABLE member (id integer PRIMARY KEY, person_id integer, made timestamptz);
CREATE TABLE purchase (id integer PRIMARY KEY, member_id integer REFERENCES member ON DELETE CASCADE);
CREATE TABLE receipt (id integer PRIMARY KEY, member_id integer REFERENCES member);
INSERT INTO person VALUES (1, 'a', NULL, NULL);
INSERT INTO member VALUES (1, 1, NULL), (2, 7, NULL), (3, 8, NULL), (4, NULL, NULL);
INSERT INTO purchase VALUES (1, 1), (2, 2);
INSERT INTO receipt VALUES (1, 3), (2, 1);

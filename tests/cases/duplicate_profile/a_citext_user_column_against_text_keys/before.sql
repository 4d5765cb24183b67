-- citext would make the rows of 'A' and of 'a' one user's; the users' keys are two.
CREATE EXTENSION citext;
CREATE TABLE person (id text PRIMARY KEY, name text, email text, joined timestamptz);
CREATE TABLE member (id integer PRIMARY KEY, person_id citext, made timestamptz);
INSERT INTO person VALUES ('A', 'a', NULL, NULL), ('a', 'b', NULL, NULL), ('b', 'c', NULL, NULL);
INSERT INTO member VALUES (1, 'A', NULL), (2, 'a', NULL), (3, 'b', NULL), (4, 'B', NULL), (5, 'a', NULL);

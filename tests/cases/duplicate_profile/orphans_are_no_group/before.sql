-- Rows of nobody are not rows of one user, and neither are rows of a user who is gone.
CREATE TABLE person (id integer PRIMARY KEY, name text, email text, joined timestamptz);
CREATE TABLE member (id integer PRIMARY KEY, person_id integer, made timestamptz);
INSERT INTO person VALUES (1, 'a', NULL, NULL);
INSERT INTO member VALUES (1, NULL, NULL), (2, NULL, NULL), (3, 9, NULL), (4, 9, NULL), (5, 1, NULL);

-- As numbers 1 and 1.0 are equal; as the text that the users' keys are, they name two users, each with one row.
CREATE TABLE person (id text PRIMARY KEY, name text, email text, joined timestamptz);
CREATE TABLE member (id integer PRIMARY KEY, person_id numeric, made timestamptz);
INSERT INTO person VALUES ('1', 'a', NULL, NULL), ('1.0', 'b', NULL, NULL), ('2', 'c', NULL, NULL), ('3.0', 'd', NULL, NULL);
INSERT INTO member VALUES (1, 1, NULL), (2, 1.0, NULL), (3, 2, NULL), (4, 2.0, NULL), (5, 3.0, NULL), (6, 3.0, NULL), (7, 3, NULL);

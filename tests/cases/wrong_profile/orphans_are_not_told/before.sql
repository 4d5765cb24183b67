-- A row of nobody is nobody's wrong row.
CREATE TABLE person (id integer PRIMARY KEY, name text, email text, joined timestamptz, is_staff boolean);
CREATE TABLE member (id integer PRIMARY KEY, person_id integer, made timestamptz);
INSERT INTO member VALUES (1, NULL, NULL), (2, 2, NULL);

-- Staff with a customer's row beside their own: it goes.
CREATE TABLE person (id integer PRIMARY KEY, name text, email text, joined timestamptz, is_staff boolean);
CREATE TABLE member (id integer PRIMARY KEY, person_id integer UNIQUE REFERENCES person, made timestamptz, phone text);
CREATE TABLE worker (id integer PRIMARY KEY, person_id integer UNIQUE REFERENCES person, made timestamptz, phone text);
INSERT INTO person VALUES (1, 'a', NULL, NULL, true), (2, 'b', NULL, NULL, false), (3, 'c', NULL, NULL, true);
INSERT INTO member VALUES (1, 1, NULL, '5'), (2, 2, NULL, '6');
INSERT INTO worker VALUES (1, 1, NULL, NULL), (2, 3, NULL, '7');

-- Two fields, two sources; the reviewers accept the phone, and not the street.
CREATE TABLE person (id integer PRIMARY KEY, name text, email text, joined timestamptz);
CREATE TABLE member (id integer PRIMARY KEY, person_id integer UNIQUE, made timestamptz, phone text, street text);
CREATE TABLE worker (id integer PRIMARY KEY, person_id integer UNIQUE, made timestamptz, phone text);
CREATE TABLE invitation (id integer PRIMARY KEY, accepted_by_id integer REFERENCES person, street text);
INSERT INTO person VALUES (1, 'ann', 'ann@example.com', NULL);
INSERT INTO member VALUES (1, 1, NULL, NULL, NULL);
INSERT INTO worker VALUES (1, 1, NULL, '5');
INSERT INTO invitation VALUES (1, 1, 'Lane 1');

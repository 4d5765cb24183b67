-- As full as each other; the newer has more references, in two tables together.
CREATE TABLE person (id integer PRIMARY KEY, name text, email text, joined timestamptz);
CREATE TABLE member (id integer PRIMARY KEY, person_id integer, made timestamptz, phone text);
CREATE TABLE purchase (id integer PRIMARY KEY, member_id integer NOT NULL REFERENCES member ON DELETE CASCADE);
CREATE TABLE visit (id integer PRIMARY KEY, host integer REFERENCES member, guest integer REFERENCES member);
INSERT INTO person VALUES (1, 'a', NULL, NULL);
INSERT INTO member VALUES (1, 1, '2024-01-01 00:00Z', '5'), (2, 1, '2024-01-02 00:00Z', '6');
INSERT INTO purchase VALUES (1, 1), (2, 2);
INSERT INTO visit VALUES (1, 2, NULL);

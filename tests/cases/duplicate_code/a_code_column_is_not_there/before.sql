-- Half-migrated: the column that is there is still looked at.
CREATE TABLE person (id integer PRIMARY KEY, name text, email text, joined timestamptz);
CREATE TABLE member (id integer PRIMARY KEY, person_id integer, "Badge No." varchar(9));
INSERT INTO person VALUES (1, 'a', NULL, '2024-01-01 00:00:00+00');
INSERT INTO member VALUES (1, 1, 'A'), (2, 1, 'A'), (3, 1, 'B');

-- Half-migrated: of two columns one is not there, so nothing can be called wrong, though the other already differs.
CREATE TABLE person (id integer PRIMARY KEY, name text, email text, joined timestamptz, is_staff boolean);
CREATE TABLE member (id integer PRIMARY KEY, person_id integer, made timestamptz);
CREATE TABLE worker (id integer PRIMARY KEY, person_id text);
INSERT INTO person VALUES (1, 'a', NULL, NULL, true), (2, 'b', NULL, '2024-01-01 00:00:00+00', false);
INSERT INTO member VALUES (1, 1, NULL);
INSERT INTO worker VALUES (1, '1'), (2, '2'), (3, '02');

-- Zero, false, an empty array and an empty JSON object are values; a padded column of blanks is blank.
CREATE TABLE person (id integer PRIMARY KEY, name text, email text, joined timestamptz);
CREATE TABLE member (
  id integer PRIMARY KEY, person_id integer, made timestamptz,
  number integer, agreed boolean, born date, tags text[], extra jsonb, room char(5), picture bytea
);
INSERT INTO person SELECT n, 'user' || n, NULL, NULL FROM generate_series(1, 9) AS n;
INSERT INTO member (id, person_id) VALUES (1, 1);
INSERT INTO member (id, person_id, number) VALUES (2, 2, 0);
INSERT INTO member (id, person_id, agreed) VALUES (3, 3, false);
INSERT INTO member (id, person_id, born) VALUES (4, 4, 'infinity');
INSERT INTO member (id, person_id, tags) VALUES (5, 5, '{}');
INSERT INTO member (id, person_id, extra) VALUES (6, 6, '{}');
INSERT INTO member (id, person_id, room) VALUES (7, 7, '');
INSERT INTO member (id, person_id, picture) VALUES (8, 8, '');
INSERT INTO member (id, person_id, extra) VALUES (9, 9, 'null');

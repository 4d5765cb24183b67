-- 1 never logged in and nothing refers to it: it can go. 2 logged in; to 3 a purchase refers; 4 is staff.
CREATE TABLE person (
  id integer PRIMARY KEY, name text, email text, joined timestamptz, seen timestamptz, active boolean, is_staff boolean
);
CREATE TABLE member (id serial PRIMARY KEY, person_id integer REFERENCES person, made timestamptz);
CREATE TABLE purchase (id integer PRIMARY KEY, person_id integer REFERENCES person ON DELETE CASCADE);
INSERT INTO person VALUES
  (1, 'a', NULL, NULL, NULL, true, false), (2, 'b', NULL, NULL, '2024-01-01 00:00Z', true, false),
  (3, 'c', NULL, NULL, NULL, true, false), (4, 'd', NULL, NULL, NULL, true, true), (5, 'e', NULL, NULL, NULL, true, false);
INSERT INTO member VALUES (5, 5, NULL);
INSERT INTO purchase VALUES (1, 3), (2, 5);

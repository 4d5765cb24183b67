-- The flag of a row of nobody can stay.
CREATE TABLE person (id uuid PRIMARY KEY, name text, email text, joined timestamptz);
CREATE TABLE member (id integer PRIMARY KEY, person_id char(36), made timestamptz, can_invite boolean);
INSERT INTO person VALUES ('00000000-0000-0000-0000-00000000000a', 'a', NULL, NULL);
INSERT INTO member VALUES
  (1, NULL, NULL, NULL), (2, '00000000-0000-0000-0000-00000000000A', NULL, NULL),
  (3, '00000000-0000-0000-0000-00000000000a', NULL, NULL);

-- The text must be the key's own; what would merely convert to it names nobody, and what does not convert is no error.
CREATE TABLE person (id integer PRIMARY KEY, name text, email text, joined timestamptz);
CREATE TABLE member (id text PRIMARY KEY, person_id text, made timestamptz);
INSERT INTO person VALUES (7, 'a', NULL, '2024-01-01 00:00:00+00'), (-8, 'b', NULL, NULL);
INSERT INTO member VALUES
  ('a', '7', NULL), ('b', '-8', NULL), ('c', '007', NULL), ('d', '7 ', NULL), ('e', 'seven', NULL),
  ('f', '99999999999999999999', NULL), ('g', NULL, NULL), ('h', '７', NULL), ('B', E'7\u00a0', '2024-01-01 12:00:00+00');

-- Half-migrated: without the profile's created the user's time stands for each row.
CREATE TABLE person (id uuid PRIMARY KEY, name text, email text, joined timestamptz);
CREATE TABLE member (id uuid PRIMARY KEY, person_id uuid);
INSERT INTO person VALUES ('00000000-0000-0000-0000-00000000000a', 'a', NULL, '2024-01-01 00:00:00+00');
INSERT INTO member VALUES
  ('00000000-0000-0000-0000-0000000000f1', '00000000-0000-0000-0000-00000000000a'),
  ('00000000-0000-0000-0000-0000000000f2', '00000000-0000-0000-0000-00000000000A');

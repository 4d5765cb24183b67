-- The first shares its name with the second, and the second its e-mail with the third: one person, one survivor.
CREATE TABLE person (
  id uuid PRIMARY KEY, name text, email text, joined timestamptz, seen timestamptz, active boolean, is_staff boolean
);
CREATE TABLE purchase (id uuid PRIMARY KEY, person_id uuid NOT NULL REFERENCES person, gift_for text);
INSERT INTO person VALUES
  ('00000000-0000-0000-0000-00000000000a', 'ann', 'a@example.com', '2024-01-01 00:00Z', NULL, true, false),
  ('00000000-0000-0000-0000-00000000000b', 'Ann', 'b@example.com', '2024-01-02 00:00Z', '2024-06-01 00:00Z', true, false),
  ('00000000-0000-0000-0000-00000000000c', 'ann.c', 'B@example.com', '2024-01-03 00:00Z', NULL, true, false);
INSERT INTO purchase VALUES
  ('10000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-00000000000c'),
  ('10000000-0000-0000-0000-000000000002', '00000000-0000-0000-0000-00000000000c', '00000000-0000-0000-0000-00000000000B');

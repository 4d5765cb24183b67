-- In the order of their bytes; told in small letters.
CREATE TABLE person (id uuid PRIMARY KEY, name text, email text, joined timestamp);
INSERT INTO person VALUES
  ('A0000000-0000-0000-0000-000000000000', 'ann', NULL, '2024-01-01 00:00:00'),
  ('90000000-0000-0000-0000-00000000000F', 'Ann', NULL, '2024-01-01 00:00:01'),
  ('f0000000-0000-0000-0000-000000000000', 'bob', NULL, NULL);

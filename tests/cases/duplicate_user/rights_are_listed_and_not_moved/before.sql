-- The loser is staff and in two groups. Its rights go with it: neither the flag nor the groups come to the survivor.
CREATE TABLE person (
  id integer PRIMARY KEY, name text, email text, joined timestamptz, seen timestamptz, active boolean, is_staff boolean
);
CREATE TABLE auth_group (id integer PRIMARY KEY, name text);
CREATE TABLE auth_user_groups (
  id integer PRIMARY KEY, user_id integer NOT NULL REFERENCES person, group_id integer NOT NULL REFERENCES auth_group,
  UNIQUE (user_id, group_id)
);
INSERT INTO person VALUES
  (1, 'ann', 'ann@example.com', '2024-01-01 00:00Z', '2024-06-01 00:00Z', true, false),
  (2, 'Ann', 'ann.b@example.com', '2024-01-02 00:00Z', NULL, true, true),
  (3, 'bob', 'bob@example.com', '2024-01-02 00:00Z', NULL, true, false);
INSERT INTO auth_group VALUES (1, 'readers'), (2, 'owners');
INSERT INTO auth_user_groups VALUES (1, 1, 1), (2, 2, 1), (3, 2, 2), (4, 3, 2);

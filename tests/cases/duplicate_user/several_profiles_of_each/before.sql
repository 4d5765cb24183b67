-- Each account has two rows in the profile table: of the four one survives, in the same case. Its references and those of
-- the others come together on it, but for one that collides.
CREATE TABLE person (
  id integer PRIMARY KEY, name text, email text, joined timestamptz, seen timestamptz, active boolean, is_staff boolean
);
CREATE TABLE member (id integer PRIMARY KEY, person_id integer REFERENCES person, made timestamptz, phone text, city text);
CREATE TABLE note (id integer PRIMARY KEY, member_id integer REFERENCES member, day date, UNIQUE (member_id, day));
INSERT INTO person VALUES
  (1, 'ann', 'ann@example.com', '2024-01-01 00:00Z', '2024-06-01 00:00Z', true, false),
  (2, 'Ann', 'ann.b@example.com', '2024-01-02 00:00Z', NULL, true, false);
INSERT INTO member VALUES
  (1, 1, '2024-01-01 00:00Z', NULL, NULL), (2, 1, '2024-01-02 00:00Z', '5', NULL), (3, 2, '2024-01-03 00:00Z', '6', NULL),
  (4, 2, '2024-01-04 00:00Z', NULL, 'Ulm');
INSERT INTO note VALUES (1, 1, '2024-02-01'), (2, 2, '2024-02-02'), (3, 2, '2024-02-03'), (4, 3, '2024-02-02'), (5, 4, '2024-02-05');

-- The survivor has none in one table and one in the other; a table's rows are merged among themselves alone.
CREATE TABLE person (
  id integer PRIMARY KEY, name text, email text, joined timestamptz, seen timestamptz, active boolean, is_staff boolean
);
CREATE TABLE member (id integer PRIMARY KEY, person_id integer UNIQUE REFERENCES person, made timestamptz, phone text);
CREATE TABLE worker (id integer PRIMARY KEY, person_id integer UNIQUE REFERENCES person, made timestamptz, phone text);
INSERT INTO person VALUES
  (1, 'ann', 'ann@example.com', '2024-01-01 00:00Z', '2024-06-01 00:00Z', true, false),
  (2, 'Ann', 'ann.b@example.com', '2024-01-02 00:00Z', NULL, true, false);
INSERT INTO member VALUES (1, 2, '2024-01-02 00:00Z', '6');
INSERT INTO worker VALUES (1, 1, '2024-01-01 00:00Z', '5'), (2, 2, '2024-01-02 00:00Z', NULL);

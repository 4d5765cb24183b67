-- A seat's key holds its person; the ticket names the seat by both columns, and must follow it. In hall A both have a seat:
-- the loser's is a victim, and its ticket goes to the survivor's.
CREATE TABLE person (
  id integer PRIMARY KEY, name text, email text, joined timestamptz, seen timestamptz, active boolean, is_staff boolean
);
CREATE TABLE seat (hall text, person_id integer REFERENCES person, "row" integer, PRIMARY KEY (hall, person_id));
CREATE TABLE ticket (
  id integer PRIMARY KEY, hall text, seat_of integer, price numeric(6, 2), FOREIGN KEY (hall, seat_of) REFERENCES seat
);
INSERT INTO person VALUES
  (1, 'ann', 'ann@example.com', '2024-01-01 00:00Z', '2024-06-01 00:00Z', true, false),
  (2, 'Ann', 'ann.b@example.com', '2024-01-02 00:00Z', NULL, true, false);
INSERT INTO seat VALUES ('A', 1, 1), ('A', 2, 2), ('B', 2, 7);
INSERT INTO ticket VALUES (1, 'A', 2, 5), (2, 'B', 2, 6), (3, 'A', 1, 7.50), (4, 'B', NULL, 0);

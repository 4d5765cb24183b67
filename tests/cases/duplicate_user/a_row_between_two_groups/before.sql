-- The message goes from one loser to another: two cases would change it, so the second waits for the next plan.
CREATE TABLE person (
  id integer PRIMARY KEY, name text, email text, joined timestamptz, seen timestamptz, active boolean, is_staff boolean
);
CREATE TABLE message (id integer PRIMARY KEY, sender integer REFERENCES person, receiver integer REFERENCES person);
INSERT INTO person VALUES
  (1, 'ann', 'ann@example.com', '2024-01-01 00:00Z', '2024-06-01 00:00Z', true, false),
  (2, 'Ann', 'ann.b@example.com', '2024-01-02 00:00Z', NULL, true, false),
  (3, 'bob', 'bob@example.com', '2024-01-01 00:00Z', '2024-06-01 00:00Z', true, false),
  (4, 'Bob', 'bob.b@example.com', '2024-01-02 00:00Z', NULL, true, false);
INSERT INTO message VALUES (1, 2, 4), (2, 2, 3), (3, 1, 4);

-- ON DELETE CASCADE, SET NULL and SET DEFAULT: every row moves first, so the delete finds none.
CREATE TABLE person (
  id integer PRIMARY KEY, name text, email text, joined timestamptz, seen timestamptz, active boolean, is_staff boolean
);
CREATE TABLE post (id integer PRIMARY KEY, person_id integer NOT NULL REFERENCES person ON DELETE CASCADE, body text);
CREATE TABLE vote (id integer PRIMARY KEY, person_id integer REFERENCES person ON DELETE SET NULL);
CREATE TABLE pin (id integer PRIMARY KEY, person_id integer DEFAULT 3 REFERENCES person ON DELETE SET DEFAULT);
INSERT INTO person VALUES
  (1, 'ann', 'ann@example.com', '2024-01-01 00:00Z', '2024-06-01 00:00Z', true, false),
  (2, 'Ann', 'ann.b@example.com', '2024-01-02 00:00Z', NULL, true, false),
  (3, 'nobody', 'nobody@example.com', '2024-01-02 00:00Z', NULL, true, false);
INSERT INTO post VALUES (1, 1, 'a'), (2, 2, 'b'), (3, 2, 'c');
INSERT INTO vote VALUES (1, 2), (2, 3), (3, NULL);
INSERT INTO pin VALUES (1, 2), (2, 1);

-- One person may use a nickname once, however it is spelled: 'ANNIE' collides with 'Annie', 'Anna' does not.
CREATE TABLE person (
  id integer PRIMARY KEY, name text, email text, joined timestamptz, seen timestamptz, active boolean, is_staff boolean
);
CREATE TABLE nickname (id integer PRIMARY KEY, person_id integer NOT NULL REFERENCES person, nick text);
CREATE UNIQUE INDEX ON nickname (person_id, lower(nick));
INSERT INTO person VALUES
  (1, 'ann', 'ann@example.com', '2024-01-01 00:00Z', '2024-06-01 00:00Z', true, false),
  (2, 'Ann', 'ann.b@example.com', '2024-01-02 00:00Z', NULL, true, false);
INSERT INTO nickname VALUES (1, 1, 'Annie'), (2, 2, 'ANNIE'), (3, 2, 'Anna'), (4, 2, NULL), (5, 1, NULL);

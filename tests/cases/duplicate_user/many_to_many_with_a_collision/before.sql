-- Both have tag 1: the loser's row is a victim of the unique index. Tag 2 goes over.
CREATE TABLE person (
  id integer PRIMARY KEY, name text, email text, joined timestamptz, seen timestamptz, active boolean, is_staff boolean
);
CREATE TABLE tag (id integer PRIMARY KEY, name text);
CREATE TABLE person_tag (
  id integer PRIMARY KEY, person_id integer NOT NULL REFERENCES person, tag_id integer NOT NULL REFERENCES tag,
  since date, UNIQUE (person_id, tag_id)
);
INSERT INTO person VALUES
  (1, 'ann', 'ann@example.com', '2024-01-01 00:00Z', '2024-06-01 00:00Z', true, false),
  (2, 'Ann', 'ann.b@example.com', '2024-01-02 00:00Z', NULL, true, false);
INSERT INTO tag VALUES (1, 'tea'), (2, 'milk');
INSERT INTO person_tag VALUES (1, 1, 1, '2024-01-01'), (2, 2, 1, '2024-01-02'), (3, 2, 2, '2024-01-03');

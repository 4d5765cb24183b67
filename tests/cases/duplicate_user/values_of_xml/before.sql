-- Documents and fragments, with and without a declaration.
CREATE TABLE person (
  id integer PRIMARY KEY, name text, email text, joined timestamptz, seen timestamptz, active boolean, is_staff boolean, doc xml
);
CREATE TABLE page (id integer PRIMARY KEY, person_id integer REFERENCES person, body xml, more xml[]);
INSERT INTO person VALUES
  (1, 'ann', 'ann@example.com', '2024-01-01 00:00Z', '2024-06-01 00:00Z', true, false, NULL),
  (2, 'Ann', 'ann.b@example.com', '2024-01-02 00:00Z', NULL, true, false, '<a  b = "1">é &amp; <c/></a>'),
  (3, 'bob', 'bob@example.com', '2024-01-01 00:00Z', '2024-06-01 00:00Z', true, false, '<x/>'),
  (4, 'Bob', 'bob.b@example.com', '2024-01-02 00:00Z', NULL, true, false, 'a fragment <b/>');
INSERT INTO page VALUES
  (1, 2, '<?xml version="1.0" standalone="yes"?><p>a</p>', '{"<a/>",NULL}'), (2, 4, '<![CDATA[<x>]]>', '{}'), (3, 1, NULL, NULL);

-- 'A' as barcode and 'A' as badge are two codes. A row whose both codes repeat as one text is one finding.
CREATE TABLE person (id integer PRIMARY KEY, name text, email text, joined timestamptz);
CREATE TABLE member (id integer PRIMARY KEY, person_id integer, made timestamptz, barcode text, badge text);
INSERT INTO person VALUES (1, 'a', NULL, '2024-01-01 00:00:00+00');
INSERT INTO member (id, person_id, barcode, badge) VALUES
  (1, 1, 'A', 'B'), (2, 1, 'C', 'A'),
  (3, 1, 'X', 'X'), (4, 1, 'X', 'X'),
  (5, 1, 'M', 'N'), (6, 1, 'M', 'N');

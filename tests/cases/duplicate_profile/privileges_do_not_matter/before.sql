-- Merging two rows of one member of staff takes no account away, and gives nobody a right.
CREATE TABLE person (
  id integer PRIMARY KEY, name text, email text, joined timestamptz, seen timestamptz, active boolean, is_staff boolean
);
CREATE TABLE member (id integer PRIMARY KEY, person_id integer REFERENCES person, made timestamptz, phone text);
INSERT INTO person VALUES (1, 'a', NULL, NULL, now() - interval '1 day', true, true);
UPDATE person SET seen = date_trunc('month', now());
INSERT INTO member VALUES (1, 1, '2024-01-01 00:00Z', '5'), (2, 1, '2024-01-02 00:00Z', '5');

-- Each has one of the two fields and as many references, so the older row survives, and takes the street from the other.
CREATE TABLE person (
  id integer PRIMARY KEY, name text, email text, joined timestamptz, seen timestamptz, active boolean, is_staff boolean
);
CREATE TABLE member (
  id integer PRIMARY KEY, person_id integer NOT NULL UNIQUE REFERENCES person, made timestamptz, phone text, street text
);
CREATE TABLE purchase (id integer PRIMARY KEY, member_id integer NOT NULL REFERENCES member ON DELETE CASCADE);
INSERT INTO person VALUES
  (1, 'ann', 'ann@example.com', '2024-01-01 00:00Z', NULL, true, false),
  (2, 'Ann', 'ann.b@example.com', '2024-01-02 00:00Z', '2024-06-01 00:00Z', true, false);
INSERT INTO member VALUES (1, 1, '2024-01-01 00:00Z', '5', NULL), (2, 2, '2024-01-02 00:00Z', ' ', 'Lane 1');
INSERT INTO purchase VALUES (1, 1), (2, 2);

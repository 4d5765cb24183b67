-- The newest has both fields, the oldest none; white space fills nothing. Nobody else's rows are touched.
CREATE TABLE person (id integer PRIMARY KEY, name text, email text, joined timestamptz);
CREATE TABLE member (id integer PRIMARY KEY, person_id integer, made timestamptz, phone text, street text, note text);
CREATE TABLE purchase (id integer PRIMARY KEY, member_id integer REFERENCES member);
INSERT INTO person VALUES (1, 'a', NULL, NULL), (2, 'b', NULL, NULL);
INSERT INTO member VALUES
  (1, 1, '2024-01-01 00:00Z', NULL, E'\u3000', 'x'), (2, 1, '2024-01-02 00:00Z', '5', ' ', 'y'),
  (3, 1, '2024-01-03 00:00Z', '6', 'Lane 1', NULL), (4, 2, NULL, NULL, NULL, NULL), (5, NULL, NULL, '7', NULL, NULL);
INSERT INTO purchase VALUES (1, 1), (2, 1), (3, 2), (4, 3), (5, 4);

-- NULL alone is damage; false is an answer.
CREATE TABLE person (id integer PRIMARY KEY, name text, email text, joined timestamptz);
CREATE TABLE member (id integer PRIMARY KEY, person_id integer, made timestamptz, can_invite boolean);
INSERT INTO person SELECT n, 'user' || n, NULL, '2024-01-01 00:00:00+00' FROM generate_series(1, 3) AS n;
INSERT INTO member VALUES
  (1, 1, '2024-01-02 00:00:00+00', NULL), (2, 2, NULL, false), (3, 3, NULL, true), (4, 3, NULL, NULL);

-- Without required_for every user must have a row; a row of nobody (NULL) is no user's row.
CREATE TABLE person (id integer PRIMARY KEY, name text, email text, joined timestamptz);
CREATE TABLE member (id integer PRIMARY KEY, person_id integer, made timestamptz);
INSERT INTO person VALUES
  (1, 'ann', 'ann@example.com', '2024-03-01 10:00:00+00'),
  (2, 'bob', NULL, '2024-03-02 10:00:00.000001+02'),
  (10, NULL, NULL, NULL);
INSERT INTO member VALUES (1, 1, '2024-03-01 10:00:01+00'), (2, NULL, '2024-03-05 00:00:00+00');

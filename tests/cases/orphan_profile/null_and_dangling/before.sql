-- Nobody's row, and a row of somebody deleted by hand. The time is the row's own: there is no user to ask.
CREATE TABLE person (id integer PRIMARY KEY, name text, email text, joined timestamptz);
CREATE TABLE member (id integer PRIMARY KEY, person_id integer, made timestamptz);
INSERT INTO person VALUES (1, 'ann', 'ann@example.com', '2024-03-01 10:00:00+00');
INSERT INTO member VALUES
  (1, 1, '2024-03-01 10:00:01+00'), (2, NULL, '2024-03-02 10:00:00+00'), (3, 99, '2024-03-03 10:00:00+00'),
  (4, 99, NULL), (-5, 0, NULL);

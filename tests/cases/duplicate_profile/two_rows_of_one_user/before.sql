-- Both rows are told, and the time is that of the second: before it there was no damage. The row of another is not.
CREATE TABLE person (id integer PRIMARY KEY, name text, email text, joined timestamptz);
CREATE TABLE member (id integer PRIMARY KEY, person_id integer, made timestamptz);
INSERT INTO person VALUES (1, 'a', NULL, '2024-01-01 00:00:00+00'), (2, 'b', NULL, '2024-01-02 00:00:00+00');
INSERT INTO member VALUES
  (11, 1, '2024-01-01 00:00:00.25+00'), (10, 1, '2024-01-01 00:00:00.75+00'), (12, 2, '2024-01-02 00:00:01+00');

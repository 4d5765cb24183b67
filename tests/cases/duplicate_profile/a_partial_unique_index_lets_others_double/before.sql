-- An index that covers only some rows lets the others double.
CREATE TABLE person (id integer PRIMARY KEY, name text, email text, joined timestamptz);
CREATE TABLE member (id integer PRIMARY KEY, person_id integer REFERENCES person, made timestamptz, closed boolean);
CREATE UNIQUE INDEX ON member (person_id) WHERE NOT closed;
INSERT INTO person VALUES (1, 'a', NULL, NULL);
INSERT INTO member VALUES
  (1, 1, '2024-01-01 00:00:00+00', false), (2, 1, '2023-01-01 00:00:00+00', true), (3, 1, '2022-01-01 00:00:00+00', NULL);

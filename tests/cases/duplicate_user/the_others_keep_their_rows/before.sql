-- Switching off moves nothing: orders and profiles stay where they are.
CREATE TABLE person (id integer PRIMARY KEY, name text, email text, joined timestamptz, enabled boolean NOT NULL, city text);
CREATE TABLE member (id integer PRIMARY KEY, person_id integer UNIQUE REFERENCES person, made timestamptz, phone text);
CREATE TABLE purchase (id integer PRIMARY KEY, person_id integer REFERENCES person);
INSERT INTO person VALUES
  (1, 'ann', 'ann@example.com', '2024-01-01 00:00Z', true, NULL), (2, 'Ann', 'ann.b@example.com', '2024-01-02 00:00Z', true, 'Ulm');
INSERT INTO member VALUES (1, 1, NULL, '5'), (2, 2, NULL, '6');
INSERT INTO purchase VALUES (1, 2), (2, 1);

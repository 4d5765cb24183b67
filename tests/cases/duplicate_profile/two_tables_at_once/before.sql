-- One user's rows in two tables are two cases, and neither waits for the other. The worker's row is named by text.
CREATE TABLE person (id integer PRIMARY KEY, name text, email text, joined timestamptz);
CREATE TABLE member (id integer PRIMARY KEY, person_id integer REFERENCES person, made timestamptz, phone text);
CREATE TABLE worker (id uuid PRIMARY KEY, person_id text, made timestamptz, phone text);
INSERT INTO person VALUES (1, 'a', NULL, NULL);
INSERT INTO member VALUES (1, 1, '2024-01-01 00:00Z', NULL), (2, 1, '2024-01-02 00:00Z', '5');
INSERT INTO worker VALUES
  ('00000000-0000-0000-0000-00000000000a', '1', '2024-01-02 00:00Z', '6'),
  ('00000000-0000-0000-0000-00000000000b', '1', '2024-01-01 00:00Z', '7');

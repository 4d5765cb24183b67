-- NOT VALID checks new rows only; the old orphans stay behind it.
CREATE TABLE person (id integer PRIMARY KEY, name text, email text, joined timestamptz);
CREATE TABLE member (id integer PRIMARY KEY, person_id integer UNIQUE, made timestamptz);
INSERT INTO person VALUES (1, 'a', NULL, '2024-01-01 00:00:00+00');
INSERT INTO member VALUES (1, 1, NULL), (2, 2, '2024-01-02 00:00:00+00');
ALTER TABLE member ADD CONSTRAINT member_person FOREIGN KEY (person_id) REFERENCES person NOT VALID;

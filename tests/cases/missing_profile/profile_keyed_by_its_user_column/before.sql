-- Multi-table inheritance: the profile's key is its user column.
CREATE TABLE person (id integer PRIMARY KEY, name text, email text, joined date);
CREATE TABLE member (person_id integer PRIMARY KEY REFERENCES person, phone text);
INSERT INTO person VALUES (1, 'a', NULL, '2024-01-01'), (2, 'b', NULL, '2024-01-02');
INSERT INTO member VALUES (2, '555');

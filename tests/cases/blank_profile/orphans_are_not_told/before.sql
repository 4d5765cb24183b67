-- There is nobody whose data was lost; the orphan is told as an orphan.
CREATE TABLE person (id integer PRIMARY KEY, name text, email text, joined timestamptz);
CREATE TABLE member (id integer PRIMARY KEY, person_id integer, made timestamptz, phone text);
INSERT INTO member VALUES (1, NULL, NULL, NULL), (2, 5, NULL, '');

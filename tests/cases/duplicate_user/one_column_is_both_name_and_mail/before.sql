-- The application signs people in by e-mail and maps one column as both.
CREATE TABLE person (id integer PRIMARY KEY, email text, joined timestamptz);
INSERT INTO person VALUES (2, 'a@example.com', NULL), (1, 'A@EXAMPLE.COM', NULL), (3, 'b@example.com', NULL);

-- An e-mail used as another account's user name is no match.
CREATE TABLE person (id integer PRIMARY KEY, name text, email text, joined timestamptz);
INSERT INTO person (id, name, email) VALUES
  (1, 'ann@example.com', 'x@example.com'), (2, 'ann', 'ann@example.com'), (3, 'x@example.com', NULL);

-- One row's e-mail is nobody's, one has none, one's is that of two users, and one's user has a row already.
CREATE TABLE person (id integer PRIMARY KEY, name text, email text, joined timestamptz);
CREATE TABLE member (id integer PRIMARY KEY, person_id integer UNIQUE, made timestamptz, email text);
INSERT INTO person VALUES
  (1, 'ann', 'ann@example.com', NULL), (2, 'ann.b', 'ANN@example.com', NULL), (3, 'bob', 'bob@example.com', NULL);
INSERT INTO member VALUES
  (1, 91, NULL, 'cat@example.com'), (2, 92, NULL, ' '), (3, 93, NULL, 'ann@example.com'), (4, 94, NULL, 'bob@example.com'),
  (5, 3, NULL, 'bob@example.com');

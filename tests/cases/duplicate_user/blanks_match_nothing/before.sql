-- Many accounts without e-mail are not one person, whatever their blank is made of.
CREATE TABLE person (id integer PRIMARY KEY, name text, email text, joined timestamptz);
INSERT INTO person (id, name, email) VALUES
  (1, 'a', NULL), (2, 'b', NULL), (3, 'c', ''), (4, 'd', ''), (5, 'e', ' '), (6, 'f', E'\t\n'), (7, 'g', E'\u00a0'),
  (8, 'h', E'\u3000\u2028'), (9, '', 'i@example.com'), (10, ' ', 'j@example.com'), (11, NULL, 'k@example.com');

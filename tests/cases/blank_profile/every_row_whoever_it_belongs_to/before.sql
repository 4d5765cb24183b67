-- Each of a user's two rows for itself; a wrong profile can be blank too.
CREATE TABLE person (id integer PRIMARY KEY, name text, email text, joined timestamptz, is_staff boolean);
CREATE TABLE member (id integer PRIMARY KEY, person_id integer, made timestamptz, phone text);
INSERT INTO person VALUES (1, 'a', NULL, '2024-01-01 00:00:00+00', false), (2, 'b', NULL, NULL, true);
INSERT INTO member VALUES
  (1, 1, 'infinity', NULL), (2, 1, '2024-02-02 00:00:00+00', ''), (3, 1, NULL, '5'), (4, 2, '-infinity', ' ');

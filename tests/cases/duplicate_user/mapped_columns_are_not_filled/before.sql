-- A login time, a name and a password are the account's own: only the e-mail is filled among the mapped columns.
CREATE TABLE person (
  id integer PRIMARY KEY, name text, email text, joined timestamptz, seen timestamptz, active boolean, is_staff boolean, secret text
);
INSERT INTO person VALUES
  (1, NULL, 'ann@example.com', NULL, NULL, true, false, ''),
  (2, 'ann', 'Ann@example.com', '2024-01-02 00:00Z', '2024-02-01 00:00Z', false, false, 'hash');

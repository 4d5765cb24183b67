-- The blank profile that the signal made is a row that refers to the account, so it cannot be deleted.
CREATE TABLE person (
  id integer PRIMARY KEY, name text, email text, joined timestamptz, seen timestamptz, active boolean, is_staff boolean
);
CREATE TABLE member (
  id integer PRIMARY KEY, person_id integer UNIQUE REFERENCES person ON DELETE CASCADE, code text, made timestamptz
);
INSERT INTO person VALUES (1, 'a', NULL, '2026-11-20 10:00Z', NULL, true, false), (2, 'b', NULL, NULL, NULL, true, false);
INSERT INTO member VALUES (1, 1, NULL, NULL);

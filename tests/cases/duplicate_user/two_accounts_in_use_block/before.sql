-- Both logged in within 90 days, so both may be in use by people who know nothing of each other.
CREATE TABLE person (
  id integer PRIMARY KEY, name text, email text, joined timestamptz, seen timestamptz, active boolean, is_staff boolean
);
INSERT INTO person VALUES
  (1, 'ann', 'ann@example.com', '2024-01-01 00:00Z', date_trunc('month', now()), true, false),
  (2, 'Ann', 'ann.b@example.com', '2024-01-02 00:00Z', date_trunc('month', now()) - interval '1 day', true, false),
  (3, 'bob', 'bob@example.com', '2024-01-01 00:00Z', date_trunc('month', now()), true, false),
  (4, 'Bob', 'bob.b@example.com', '2024-01-02 00:00Z', date_trunc('month', now()) - interval '91 days', true, false);

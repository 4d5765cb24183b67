-- The plain damage: one person registered again with another spelling. The time is that of the second account.
CREATE TABLE person (id integer PRIMARY KEY, name text UNIQUE, email text UNIQUE, joined timestamptz);
INSERT INTO person VALUES
  (5, 'ann', 'ann@example.com', '2024-01-01 00:00:00+00'),
  (3, 'Ann ', 'ann.other@example.com', '2024-01-03 00:00:00+00'),
  (4, 'anne', ' ANN@Example.com', '2024-01-02 00:00:00+00'),
  (6, 'bob', 'bob@example.com', '2024-01-01 00:00:00+00'),
  (7, 'b ob', 'bob@example.co', '2024-01-01 00:00:00+00');

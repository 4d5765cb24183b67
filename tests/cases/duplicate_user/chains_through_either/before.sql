-- 40 and 50 share nothing, but both share something with 30: one group. The smallest key names it, not the oldest account.
CREATE TABLE person (id bigint PRIMARY KEY, name text, email text, joined timestamptz);
INSERT INTO person VALUES
  (40, 'ann', 'ann@example.com', '2020-01-01 00:00:00+00'),
  (30, 'ANN', 'anna@example.com', '2022-01-01 00:00:00+00'),
  (50, 'anna', 'Anna@example.com', NULL),
  (-1, 'Anna ', NULL, '2021-01-01 00:00:00+00'),
  (60, 'eve', 'eve@example.com', '2019-01-01 00:00:00+00'),
  (70, 'zoe', 'eve@EXAMPLE.com', NULL);

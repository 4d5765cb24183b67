-- What a column holds is what stands at the bottom of its domains: here whole numbers, times, and true or false.
CREATE DOMAIN number AS integer;
CREATE DOMAIN ordinal AS number;
CREATE DOMAIN moment AS timestamptz;
CREATE DOMAIN joined AS moment;
CREATE DOMAIN flag AS boolean;
CREATE DOMAIN staff AS flag;
CREATE TABLE person (id ordinal PRIMARY KEY, name text, email text, joined joined, staff staff);
CREATE TABLE member (id ordinal PRIMARY KEY, person_id ordinal, made joined);
INSERT INTO person VALUES (1, 'a', NULL, '2024-01-01 00:00Z', true), (2, 'b', NULL, '2024-01-02 00:00Z', false),
  (3, 'c', NULL, '2024-01-03 00:00Z', NULL);
INSERT INTO member SELECT n, n, NULL FROM generate_series(1, 3) AS n;

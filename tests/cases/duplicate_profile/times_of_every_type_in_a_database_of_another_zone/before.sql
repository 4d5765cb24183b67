-- A naive time is UTC and a date is midnight UTC, whatever the database's own zone and date style say.
DO $$ BEGIN
  EXECUTE format('ALTER DATABASE %I SET timezone TO %L', current_database(), 'Asia/Tokyo');
  EXECUTE format('ALTER DATABASE %I SET datestyle TO %L', current_database(), 'German');
END $$;
CREATE TABLE person (id integer PRIMARY KEY, name text, email text, joined timestamp);
CREATE TABLE zoned (id integer PRIMARY KEY, person_id integer, made timestamptz);
CREATE TABLE naive (id integer PRIMARY KEY, person_id integer, made timestamp(3));
CREATE TABLE dated (id integer PRIMARY KEY, person_id integer, made date);
INSERT INTO person VALUES (1, 'a', NULL, '2024-06-30 12:00:00');
INSERT INTO zoned VALUES (1, 1, '2024-07-01 01:00:00+09'), (2, 1, '2024-06-30 15:30:00-01');
INSERT INTO naive VALUES (1, 1, '2024-07-01 01:00:00.123'), (2, 1, '2024-06-30 23:00:00');
INSERT INTO dated VALUES (1, 1, NULL), (2, 1, '2024-07-01');

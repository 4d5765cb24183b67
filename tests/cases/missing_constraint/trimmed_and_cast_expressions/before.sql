-- Trimming and casts to text inside do not weaken the index; included columns are not keys.
CREATE TABLE person (id integer PRIMARY KEY, name varchar(40), email char(80), joined timestamptz);
CREATE UNIQUE INDEX ON person (lower(btrim(name))) INCLUDE (email);
CREATE UNIQUE INDEX ON person (upper(trim(email::text)));

-- An exact unique key lets another spelling in, and so do keys of more columns than the one.
CREATE TABLE person (id integer PRIMARY KEY, tenant integer, name text UNIQUE, email varchar(80) UNIQUE, joined timestamptz);
CREATE UNIQUE INDEX ON person (lower(name), tenant);
CREATE UNIQUE INDEX ON person (tenant, lower(name));
CREATE UNIQUE INDEX ON person (lower(email), lower(name));

-- Near enough to deceive a search for 'lower': another column, a part of it, a longer expression.
CREATE TABLE person (id integer PRIMARY KEY, name text, email text, "Name" text, joined timestamptz);
CREATE UNIQUE INDEX ON person (lower("Name"));
CREATE UNIQUE INDEX ON person (lower(name || email));
CREATE UNIQUE INDEX ON person (lower(left(name, 5)));
CREATE UNIQUE INDEX ON person (md5(lower(email)));
CREATE UNIQUE INDEX ON person (initcap(email));
CREATE UNIQUE INDEX ON person (btrim(email));

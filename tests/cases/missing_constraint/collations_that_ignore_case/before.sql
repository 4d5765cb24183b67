-- Under level 2 'a' = 'A', so a plain unique key is enough; one that ignores accents but tells case apart is not.
CREATE COLLATION caseless (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE COLLATION accentless (provider = icu, locale = 'und-u-ks-level1-kc-true', deterministic = false);
CREATE TABLE person (id integer PRIMARY KEY, name text COLLATE caseless UNIQUE, email text COLLATE accentless UNIQUE, joined timestamptz);

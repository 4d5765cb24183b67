-- Under this collation é equals e and 'a-b' equals 'ab'; the definition compares letters, not collation's classes.
CREATE COLLATION loose (provider = icu, locale = 'und-u-ks-level1-ka-shifted', deterministic = false);
CREATE TABLE person (id integer PRIMARY KEY, name text COLLATE loose, email text COLLATE loose, joined timestamptz);
INSERT INTO person (id, name) VALUES (1, 'é'), (2, 'e'), (3, 'E'), (4, 'a-b'), (5, 'ab'), (6, E'\u00e9\u200b'), (7, ''), (8, '-');

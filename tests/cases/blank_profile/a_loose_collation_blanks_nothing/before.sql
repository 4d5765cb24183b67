-- Under this collation '-' equals ''. It is not white space, so it is not blank.
CREATE COLLATION loose (provider = icu, locale = 'und-u-ka-shifted', deterministic = false);
CREATE TABLE person (id integer PRIMARY KEY, name text, email text, joined timestamptz);
CREATE TABLE member (id integer PRIMARY KEY, person_id integer, made timestamptz, phone text COLLATE loose);
INSERT INTO person SELECT n, 'user' || n, NULL, NULL FROM generate_series(1, 4) AS n;
INSERT INTO member VALUES (1, 1, NULL, '-'), (2, 2, NULL, ''), (3, 3, NULL, E'\u200b'), (4, 4, NULL, E'\u00a0 ');

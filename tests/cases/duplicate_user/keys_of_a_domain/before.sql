-- A domain's values are ordered as those of the type it is made of.
CREATE DOMAIN account_number AS bigint CHECK (VALUE > 0);
CREATE DOMAIN spelling AS varchar(40);
CREATE TABLE person (id account_number PRIMARY KEY, name spelling, email text, joined timestamptz);
INSERT INTO person (id, name) VALUES (100, 'ann'), (20, 'ANN'), (3, E'\u00a0Ann'), (4, 'bob');

-- A linguistic collation on the key puts 'a' before 'B'; the code points decide all the same.
CREATE COLLATION spoken (provider = icu, locale = 'en-US');
CREATE TABLE person (id text COLLATE spoken PRIMARY KEY, name text COLLATE spoken, email text, joined timestamptz);
INSERT INTO person (id, name) VALUES ('a', 'one'), ('B', 'One'), ('co-op', 'two'), ('coop', 'Two');

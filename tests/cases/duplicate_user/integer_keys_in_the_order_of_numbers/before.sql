-- 9 comes before 10, and -10 before -9.
CREATE TABLE person (id numeric(20) PRIMARY KEY, name text, email text, joined timestamptz);
INSERT INTO person (id, name) VALUES (10, 'a'), (9, 'A'), (-9, 'b'), (-10, 'B'), (100000000000000000, 'c'), (99, 'C');

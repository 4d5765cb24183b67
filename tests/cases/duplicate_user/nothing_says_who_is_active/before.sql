-- No column is mapped as active, so nobody can be switched off.
CREATE TABLE person (id integer PRIMARY KEY, name text, email text, joined timestamptz);
INSERT INTO person VALUES (1, 'ann', NULL, '2024-01-01 00:00Z'), (2, 'Ann', 'ann@example.com', '2024-01-02 00:00Z');

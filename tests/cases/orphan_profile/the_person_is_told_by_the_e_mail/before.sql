-- The row carries an e-mail, mapped here and on the users: one user has it, in another spelling, and no row of her own.
CREATE TABLE person (id integer PRIMARY KEY, name text, email text, joined timestamptz);
CREATE TABLE member (id integer PRIMARY KEY, person_id integer UNIQUE, made timestamptz, email text, phone text);
INSERT INTO person VALUES (1, 'ann', 'Ann@Example.com ', NULL), (2, 'bob', 'bob@example.com', NULL);
INSERT INTO member VALUES (1, 99, NULL, 'ann@example.com', '5'), (2, 2, NULL, 'bob@example.com', '6');

-- No other row of hers has a phone; her neighbour's is not hers.
CREATE TABLE person (id integer PRIMARY KEY, name text, email text, joined timestamptz);
CREATE TABLE member (id integer PRIMARY KEY, person_id integer UNIQUE, made timestamptz, phone text);
INSERT INTO person VALUES (1, 'ann', 'ann@example.com', NULL), (2, 'anne', 'anne@example.com', NULL);
INSERT INTO member VALUES (1, 1, NULL, NULL), (2, 2, NULL, '5');

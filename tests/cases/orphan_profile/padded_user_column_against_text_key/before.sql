-- char(n) pads with blanks that are not part of the value, so the padded column names the unpadded key.
CREATE TABLE person (id varchar(20) PRIMARY KEY, name text, email text, joined timestamptz);
CREATE TABLE member (id integer PRIMARY KEY, person_id char(8), made timestamptz);
INSERT INTO person VALUES ('ann', 'a', NULL, NULL), ('bob ', 'b', NULL, NULL), ('Cleo', 'c', NULL, NULL);
INSERT INTO member VALUES (1, 'ann', NULL), (2, 'bob', NULL), (3, 'cleo', NULL), (4, ' ann', NULL);

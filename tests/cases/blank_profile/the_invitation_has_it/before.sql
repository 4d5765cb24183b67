-- The invitation that he accepted names his department; the type is another, the text the same.
CREATE TABLE person (id integer PRIMARY KEY, name text, email text, joined timestamptz);
CREATE TABLE member (id integer PRIMARY KEY, person_id integer UNIQUE, made timestamptz, department varchar(40));
CREATE TABLE invitation (id integer PRIMARY KEY, accepted_by_id integer REFERENCES person, department text, token text);
INSERT INTO person VALUES (1, 'ann', NULL, NULL), (2, 'bob', NULL, NULL);
INSERT INTO member VALUES (1, 1, NULL, NULL), (2, 2, NULL, 'music');
INSERT INTO invitation VALUES (1, 1, 'history', 'x'), (2, 2, 'sports', 'y'), (3, NULL, 'arts', 'z');

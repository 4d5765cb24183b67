-- Nothing is mapped by which two accounts could be one person.
CREATE TABLE person (id integer PRIMARY KEY, name text, email text);
INSERT INTO person VALUES (1, 'a', 'a@example.com'), (2, 'a', 'a@example.com');

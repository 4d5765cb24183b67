-- char(n) adds blanks, which are trimmed as any white space is; the key's padding is not part of its text.
CREATE TABLE person (id char(6) PRIMARY KEY, name char(10), email varchar(30), joined timestamptz);
INSERT INTO person VALUES ('b', 'Ann', NULL, NULL), ('a', 'ann ', NULL, NULL), ('c', '', NULL, NULL), ('d', '  ', NULL, NULL);

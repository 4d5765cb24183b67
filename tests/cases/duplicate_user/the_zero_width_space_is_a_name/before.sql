-- U+200B is not white space, so it is no blank: two accounts with nothing but it share a name.
CREATE TABLE person (id integer PRIMARY KEY, name text, email text, joined timestamptz);
INSERT INTO person (id, name) VALUES (1, E'\u200b'), (2, E' \u200b\u00a0'), (3, E'\u200b\u200b'), (4, E'\u200b \u200b');

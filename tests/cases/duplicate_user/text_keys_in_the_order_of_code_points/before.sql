-- Whatever collation the key has: 'B' before 'a', '10' before '9', U+FF5A before U+1F600 (UTF-16 would reverse them).
CREATE TABLE person (id varchar(20) PRIMARY KEY, name text, email text, joined timestamptz);
INSERT INTO person (id, name) VALUES
  ('a', 'one'), ('B', 'One'), ('9', 'two'), ('10', 'Two'), (E'\uff5a', 'three'), (E'\U0001f600', 'Three'),
  ('é', 'four'), ('z', 'Four'), ('a b', 'five'), ('ab', 'Five'), ('A''x', 'six'), ('a"x', 'Six');

-- A column that is name and e-mail, or user and code, is one column and one finding.
CREATE TABLE person (id integer PRIMARY KEY, email text, joined timestamptz);
CREATE TABLE member (id integer PRIMARY KEY, person_id integer);

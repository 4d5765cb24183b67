-- PostgreSQL 18 can declare a foreign key and never check it.
CREATE TABLE person (id integer PRIMARY KEY);
CREATE TABLE alone (id integer PRIMARY KEY, who integer UNIQUE REFERENCES person NOT ENFORCED);
CREATE TABLE enforced (id integer PRIMARY KEY, who integer UNIQUE REFERENCES person ENFORCED);

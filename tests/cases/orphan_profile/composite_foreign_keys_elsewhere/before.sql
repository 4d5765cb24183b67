-- Other tables refer to users by two columns; the profile's own column alone decides whose row it is.
CREATE TABLE person (
  id integer PRIMARY KEY, tenant integer NOT NULL, name text, email text, joined timestamptz, UNIQUE (tenant, id)
);
CREATE TABLE member (
  id integer PRIMARY KEY, person_id integer, tenant integer, made timestamptz,
  FOREIGN KEY (tenant, person_id) REFERENCES person (tenant, id)
);
CREATE TABLE ticket (tenant integer, person_id integer, FOREIGN KEY (tenant, person_id) REFERENCES person (tenant, id));
INSERT INTO person VALUES (1, 10, 'a', NULL, NULL);
-- MATCH SIMPLE: with one of the two NULL the key is not checked.
INSERT INTO member VALUES (1, 1, 10, NULL), (2, 1, NULL, NULL), (3, 2, NULL, NULL), (4, NULL, 10, NULL);

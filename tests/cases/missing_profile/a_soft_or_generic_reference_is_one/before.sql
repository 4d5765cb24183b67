-- No foreign key tells of the invoice and of the comment; both refer to somebody all the same.
CREATE TABLE django_content_type (id integer PRIMARY KEY, app_label varchar(100) NOT NULL, model varchar(100) NOT NULL);
CREATE TABLE auth_user (
  id integer PRIMARY KEY, name text, email text, joined timestamptz, seen timestamptz, active boolean, is_staff boolean
);
CREATE TABLE member (id serial PRIMARY KEY, person_id integer, made timestamptz);
CREATE TABLE invoice (id integer PRIMARY KEY, customer_ref text);
CREATE TABLE shop_comment (id integer PRIMARY KEY, content_type_id integer REFERENCES django_content_type, object_id integer);
INSERT INTO django_content_type VALUES (7, 'auth', 'user'), (8, 'shop', 'order');
INSERT INTO auth_user VALUES
  (1, 'a', NULL, NULL, NULL, true, false), (2, 'b', NULL, NULL, NULL, true, false), (3, 'c', NULL, NULL, NULL, true, false);
INSERT INTO invoice VALUES (1, '1');
INSERT INTO shop_comment VALUES (1, 7, 2), (2, 8, 3);

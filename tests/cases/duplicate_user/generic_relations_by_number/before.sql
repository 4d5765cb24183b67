-- A comment names its object by content type and number: number 2 of another type is somebody else's.
CREATE TABLE django_content_type (id integer PRIMARY KEY, app_label varchar(100) NOT NULL, model varchar(100) NOT NULL);
CREATE TABLE auth_user (
  id integer PRIMARY KEY, name text, email text, joined timestamptz, seen timestamptz, active boolean, is_staff boolean
);
CREATE TABLE shop_comment (
  id integer PRIMARY KEY, content_type_id integer NOT NULL REFERENCES django_content_type, object_id integer NOT NULL, body text
);
INSERT INTO django_content_type VALUES (7, 'auth', 'user'), (8, 'shop', 'order'), (9, 'other', 'user');
INSERT INTO auth_user VALUES
  (1, 'ann', 'ann@example.com', '2024-01-01 00:00Z', '2024-06-01 00:00Z', true, false),
  (2, 'Ann', 'ann.b@example.com', '2024-01-02 00:00Z', NULL, true, false);
INSERT INTO shop_comment VALUES (1, 7, 2, 'on her'), (2, 8, 2, 'on an order'), (3, 9, 2, 'x'), (4, 7, 1, 'on her'), (5, 7, 2, NULL);

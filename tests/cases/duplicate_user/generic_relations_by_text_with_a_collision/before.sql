-- The object's key is text, and a unique index stands on type, key and tag: 'tea' collides, 'milk' does not.
CREATE TABLE django_content_type (id integer PRIMARY KEY, app_label varchar(100) NOT NULL, model varchar(100) NOT NULL);
CREATE TABLE auth_user (
  id integer PRIMARY KEY, name text, email text, joined timestamptz, seen timestamptz, active boolean, is_staff boolean
);
CREATE TABLE taggit_item (
  id integer PRIMARY KEY, content_type_id integer NOT NULL REFERENCES django_content_type, object_pk varchar(64) NOT NULL, tag text,
  UNIQUE (content_type_id, object_pk, tag)
);
INSERT INTO django_content_type VALUES (7, 'auth', 'user'), (8, 'shop', 'order');
INSERT INTO auth_user VALUES
  (1, 'ann', 'ann@example.com', '2024-01-01 00:00Z', '2024-06-01 00:00Z', true, false),
  (2, 'Ann', 'ann.b@example.com', '2024-01-02 00:00Z', NULL, true, false);
INSERT INTO taggit_item VALUES (1, 7, '1', 'tea'), (2, 7, '2', 'tea'), (3, 7, '2', 'milk'), (4, 8, '2', 'tea'), (5, 7, '02', 'x');

-- An action names who did it and what it was done to, each by a content type and a key of its own.
CREATE TABLE django_content_type (id integer PRIMARY KEY, app_label varchar(100) NOT NULL, model varchar(100) NOT NULL);
CREATE TABLE auth_user (
  id integer PRIMARY KEY, name text, email text, joined timestamptz, seen timestamptz, active boolean, is_staff boolean
);
CREATE TABLE actstream_action (
  id integer PRIMARY KEY, verb text,
  actor_content_type_id integer NOT NULL REFERENCES django_content_type, actor_object_id varchar(255) NOT NULL,
  target_content_type_id integer REFERENCES django_content_type, target_object_id varchar(255)
);
INSERT INTO django_content_type VALUES (7, 'auth', 'user'), (8, 'shop', 'order');
INSERT INTO auth_user VALUES
  (1, 'ann', 'ann@example.com', '2024-01-01 00:00Z', '2024-06-01 00:00Z', true, false),
  (2, 'Ann', 'ann.b@example.com', '2024-01-02 00:00Z', NULL, true, false);
INSERT INTO actstream_action VALUES
  (1, 'bought', 7, '2', 8, '2'), (2, 'met', 7, '2', 7, '2'), (3, 'sent', 8, '2', 7, '2'), (4, 'left', 7, '1', NULL, NULL);

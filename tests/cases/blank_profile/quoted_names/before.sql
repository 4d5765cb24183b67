-- The filled columns' names need no quoting in the mapping.
CREATE SCHEMA "Über";
CREATE TABLE "Über".person (id text PRIMARY KEY, "größe" text);
CREATE TABLE "Über"."Member's" (
  "ID" text PRIMARY KEY, "user" text REFERENCES "Über".person, "x""; drop table person; --" text, "%s" text, "a:b" text
);
INSERT INTO "Über".person VALUES ('x''y', NULL), ('"', NULL), (':n', NULL);
INSERT INTO "Über"."Member's" VALUES
  ('%s', 'x''y', '', NULL, ' '), (E'\\', '"', NULL, NULL, NULL), ('c', ':n', '', '', 'x');

-- A reserved word, a blank and a quote.
CREATE SCHEMA "group";
CREATE TABLE "group"."user" ("Order" text PRIMARY KEY);
CREATE TABLE "group"."table of ""x""" ("Order" text, "user" text PRIMARY KEY, "null" boolean, "can't" boolean);
INSERT INTO "group"."user" VALUES ('O''Hara'), ('x y'), ('Ünï'), (E'tab\there');
INSERT INTO "group"."table of ""x""" VALUES
  ('a', 'O''Hara', NULL, true), ('b', 'x y', true, NULL), ('c', 'ünï', NULL, NULL), ('d', E'tab\there', true, true);

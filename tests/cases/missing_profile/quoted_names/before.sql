-- What stands before the first dot is the schema, the rest is the table, and nothing in the mapping is quoted.
CREATE SCHEMA "Shop Floor";
CREATE TABLE "Shop Floor"."Users.of 2024" (
  "Id" integer PRIMARY KEY, "user""name" text, "E-Mail" text, "order" timestamptz, "is 100%" boolean
);
CREATE TABLE "Shop Floor"."x""; drop table y; --" (
  "select" integer PRIMARY KEY, "%(user)s" integer, ":made" timestamptz
);
-- Decoys: what a folded or a half-quoted name would reach.
CREATE TABLE "users.of 2024" ("Id" integer);
CREATE SCHEMA x;
CREATE TABLE x.users ("Id" integer);
INSERT INTO "Shop Floor"."Users.of 2024" VALUES
  (1, 'a', NULL, '2024-01-01 00:00:00+00', true), (2, 'b', NULL, '2024-01-02 00:00:00+00', true),
  (3, 'c', NULL, '2024-01-03 00:00:00+00', false);
INSERT INTO "Shop Floor"."x""; drop table y; --" VALUES (7, 2, NULL);

-- The catalogue prints these names quoted; the mapping and the finding write them raw.
CREATE SCHEMA "Shop Floor";
CREATE TABLE "Shop Floor"."Users.of ""2024""" (
  "Id" integer PRIMARY KEY, "user" varchar(40), "x""; drop table y; --" text, "is (really) 100%" boolean
);
CREATE UNIQUE INDEX ON "Shop Floor"."Users.of ""2024""" (lower("user"));
CREATE UNIQUE INDEX ON "Shop Floor"."Users.of ""2024""" (lower("x""; drop table y; --"))
  WHERE "x""; drop table y; --" IS NOT NULL AND "x""; drop table y; --" <> '';
CREATE TABLE "Shop Floor"."it's" (
  "KEY" integer PRIMARY KEY, "WHO" integer UNIQUE REFERENCES "Shop Floor"."Users.of ""2024""", "a::text" text, who integer
);
CREATE UNIQUE INDEX ON "Shop Floor"."it's" ("a::text") WHERE "a::text" <> '';
CREATE TABLE "Shop Floor"."bad one" ("KEY" integer PRIMARY KEY, "WHO" integer, "a b" text);
-- Folded names are others.
CREATE UNIQUE INDEX ON "Shop Floor"."it's" (who);

-- Tables, columns and keys whose names and values need every quoting there is.
CREATE SCHEMA "Über";
CREATE TABLE "Über"."per""son's" (":id" text PRIMARY KEY, "na me" text, "größe; --" text);
CREATE TABLE "Über"."a.b" ("%s" integer PRIMARY KEY, "wer:x" text REFERENCES "Über"."per""son's");
INSERT INTO "Über"."per""son's" VALUES ('a''1', 'ann', NULL), ('b"2\', 'Ann', E'x\ty%s:z'), ('[1]', 'bob', NULL);
INSERT INTO "Über"."a.b" VALUES (1, 'b"2\'), (2, '[1]');

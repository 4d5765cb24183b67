-- An orphan is an orphan in every profile table, whatever is required, even where the column is not there.
CREATE TABLE "Person" (id integer PRIMARY KEY, name text, email text);
CREATE TABLE "Profile""s" (id integer PRIMARY KEY, "Person" integer, made timestamp);
INSERT INTO "Profile""s" VALUES (1, 4, '2024-06-01 00:00:00');

-- Names with blanks, quotes and dots.
CREATE TABLE "person.s" ("Id" integer PRIMARY KEY);
CREATE TABLE "x""; drop" (" id" integer PRIMARY KEY, "Person Id" integer, "bar'code" text, "Bar""Code; --" text);
INSERT INTO "person.s" VALUES (1), (2);
INSERT INTO "x""; drop" VALUES (1, 1, 'a', NULL), (2, 2, 'b', 'c');

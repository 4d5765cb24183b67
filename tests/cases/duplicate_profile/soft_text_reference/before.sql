-- '1' and '01' are not rows of one user: the second is nobody's.
CREATE TABLE "people"".x" ("my key" integer PRIMARY KEY, joined timestamptz);
CREATE TABLE member (id integer PRIMARY KEY, person_id varchar(10), made timestamptz);
INSERT INTO "people"".x" VALUES (1, '2024-01-01 00:00:00+00'), (2, '2024-01-02 00:00:00+00');
INSERT INTO member VALUES (1, '1', NULL), (2, '01', NULL), (3, '2', NULL), (4, '2', NULL);

-- Letter by letter, by Unicode's simple lowercase, in whatever locale. Pairs that meet come first, then those that do not.
CREATE TABLE person (id integer PRIMARY KEY, name text, email text, joined timestamptz);
INSERT INTO person (id, name) VALUES
  (1, 'É'), (101, 'é'),
  (2, 'STRAẞE'), (102, 'straße'),
  (3, 'ΟΔΟΣ'), (103, 'οδοσ'),
  (4, E'\u0130x'), (104, 'ix'), (204, 'Ix'),
  (5, E'\u212Aelvin'), (105, 'kelvin'),
  (6, E'\u212Bngstrom'), (106, 'ångstrom'),
  (7, E'\u2126hm'), (107, 'ωhm'),
  (8, 'Ǆep'), (108, 'ǅep'), (208, 'ǆep'),
  (9, 'ＡＢ'), (109, 'ａｂ'),
  (10, E'\U00010400'), (110, E'\U00010428'),
  (11, 'Ა'), (111, 'ა'),
  (12, 'Ꭰ'), (112, 'ꭰ'),
  (13, 'ЁЖ'), (113, 'ёж');
-- Alone: each differs from some name above or here by more than its letters' case.
INSERT INTO person (id, name) VALUES
  (301, 'strasse'), (302, 'STRASSE '), (303, 'οδος'), (304, E'\u0131x'), (305, E'i\u0307x'),
  (306, E'E\u0301'), (307, 'longſ'), (308, 'longs'), (309, 'ﬁn'), (310, 'fin'), (311, 'µ'), (312, 'Μ'), (313, 'ё'), (314, 'е');
-- A combining accent is a letter of its own: these two meet each other, and not the composed É.
INSERT INTO person (id, name) VALUES (315, E'e\u0301');

-- Accounts known by e-mail alone; the table's other columns say nothing, though one is called username.
CREATE TABLE person (id integer PRIMARY KEY, username text, "E-Mail" varchar(80), joined date);
INSERT INTO person VALUES (1, 'same', 'a@example.com', '2024-01-01'), (2, 'same', 'A@example.com', '2024-01-02'), (3, 'same', NULL, NULL);

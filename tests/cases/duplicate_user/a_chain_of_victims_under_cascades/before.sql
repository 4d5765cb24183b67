-- The same where the database would take all of it without a word: nothing that can move may be lost.
CREATE TABLE person (
  id integer PRIMARY KEY, name text, email text, joined timestamptz, seen timestamptz, active boolean, is_staff boolean
);
CREATE TABLE wishlist (id integer PRIMARY KEY, person_id integer NOT NULL UNIQUE REFERENCES person ON DELETE CASCADE);
CREATE TABLE item (
  id integer PRIMARY KEY, wishlist_id integer NOT NULL REFERENCES wishlist ON DELETE CASCADE, product text,
  UNIQUE (wishlist_id, product)
);
CREATE TABLE remark (id integer PRIMARY KEY, item_id integer NOT NULL REFERENCES item ON DELETE CASCADE, body text);
INSERT INTO person VALUES
  (1, 'ann', 'ann@example.com', '2024-01-01 00:00Z', '2024-06-01 00:00Z', true, false),
  (2, 'Ann', 'ann.b@example.com', '2024-01-02 00:00Z', NULL, true, false);
INSERT INTO wishlist VALUES (1, 1), (2, 2);
INSERT INTO item VALUES (1, 1, 'tea'), (2, 2, 'tea'), (3, 2, 'milk');
INSERT INTO remark VALUES (1, 2, 'green'), (2, 3, 'fresh'), (3, 1, 'black');

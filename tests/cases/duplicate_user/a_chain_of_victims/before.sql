-- One list a person: the loser's is a victim. Its milk goes to the survivor's list; its tea collides there, and is a victim
-- too; the remark on that tea goes to the survivor's tea.
CREATE TABLE person (
  id integer PRIMARY KEY, name text, email text, joined timestamptz, seen timestamptz, active boolean, is_staff boolean
);
CREATE TABLE wishlist (id integer PRIMARY KEY, person_id integer NOT NULL UNIQUE REFERENCES person);
CREATE TABLE item (
  id integer PRIMARY KEY, wishlist_id integer NOT NULL REFERENCES wishlist, product text, UNIQUE (wishlist_id, product)
);
CREATE TABLE remark (id integer PRIMARY KEY, item_id integer NOT NULL REFERENCES item, body text);
INSERT INTO person VALUES
  (1, 'ann', 'ann@example.com', '2024-01-01 00:00Z', '2024-06-01 00:00Z', true, false),
  (2, 'Ann', 'ann.b@example.com', '2024-01-02 00:00Z', NULL, true, false);
INSERT INTO wishlist VALUES (1, 1), (2, 2);
INSERT INTO item VALUES (1, 1, 'tea'), (2, 2, 'tea'), (3, 2, 'milk');
INSERT INTO remark VALUES (1, 2, 'green'), (2, 3, 'fresh'), (3, 1, 'black');

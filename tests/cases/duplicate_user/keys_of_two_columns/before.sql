-- Tickets name people by tenant and number; both columns go over. With one of them NULL it names nobody, and stays.
CREATE TABLE person (
  id integer PRIMARY KEY, name text, email text, joined timestamptz, seen timestamptz, active boolean, is_staff boolean, tenant integer NOT NULL, UNIQUE (tenant, id)
);
CREATE TABLE ticket (
  id integer PRIMARY KEY, tenant integer, person_id integer, FOREIGN KEY (tenant, person_id) REFERENCES person (tenant, id)
);
INSERT INTO person VALUES
  (1, 'ann', 'ann@example.com', '2024-01-01 00:00Z', '2024-06-01 00:00Z', true, false, 10),
  (2, 'Ann', 'ann.b@example.com', '2024-01-02 00:00Z', NULL, true, false, 20);
INSERT INTO ticket VALUES (1, 20, 2), (2, 10, 1), (3, 20, NULL), (4, NULL, 2);

-- No constraint says that an invoice's customer is a person; the mapping does. '02' is nobody's key.
CREATE TABLE person (
  id integer PRIMARY KEY, name text, email text, joined timestamptz, seen timestamptz, active boolean, is_staff boolean
);
CREATE TABLE billing_invoice (id integer PRIMARY KEY, customer_ref text, total numeric(10, 2));
INSERT INTO person VALUES
  (1, 'ann', 'ann@example.com', '2024-01-01 00:00Z', '2024-06-01 00:00Z', true, false),
  (2, 'Ann', 'ann.b@example.com', '2024-01-02 00:00Z', NULL, true, false);
INSERT INTO billing_invoice VALUES (1, '2', 10), (2, '02', 20.5), (3, '1', 0), (4, NULL, 1), (5, '2', NULL);

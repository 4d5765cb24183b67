-- Parcels name people by their handle.
CREATE TABLE person (
  id integer PRIMARY KEY, name text, email text, joined timestamptz, seen timestamptz, active boolean, is_staff boolean, handle varchar(20) NOT NULL UNIQUE
);
CREATE TABLE parcel (id integer PRIMARY KEY, buyer varchar(20) REFERENCES person (handle), payer text REFERENCES person (handle));
INSERT INTO person VALUES
  (1, 'ann', 'ann@example.com', '2024-01-01 00:00Z', '2024-06-01 00:00Z', true, false, 'a''1'),
  (2, 'Ann', 'ann.b@example.com', '2024-01-02 00:00Z', NULL, true, false, 'a2');
INSERT INTO parcel VALUES (1, 'a2', 'a''1'), (2, 'a2', 'a2'), (3, NULL, 'a''1');

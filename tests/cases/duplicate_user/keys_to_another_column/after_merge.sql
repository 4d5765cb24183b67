-- Parcel 2 names the loser twice: one change of one row.
UPDATE parcel SET buyer = 'a''1' WHERE id IN (1, 2);
UPDATE parcel SET payer = 'a''1' WHERE id = 2;
DELETE FROM person WHERE id = 2;

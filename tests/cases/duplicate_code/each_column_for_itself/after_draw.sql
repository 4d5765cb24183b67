-- Row 6 shares two codes with row 5, so it is in two cases, and a row is in one case of a plan: the second waits for the next.
-- rounds: 2
-- drawn: member.barcode uuid4
-- drawn: member.badge uuid4
UPDATE member SET barcode = '00000000-0000-4000-8000-00000000000' || id WHERE id IN (4, 6);
UPDATE member SET badge = '00000000-0000-4000-8000-00000000001' || id WHERE id IN (4, 6);

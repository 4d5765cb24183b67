-- drawn: member.barcode uuid4
-- drawn: member.badge B-\d+
UPDATE member SET barcode = '00000000-0000-4000-8000-00000000000' || id;
UPDATE member SET badge = 'B-2' WHERE id = 1;

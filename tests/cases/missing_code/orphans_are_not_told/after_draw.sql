-- drawn: member.barcode uuid4
UPDATE member SET barcode = '00000000-0000-4000-8000-000000000001' WHERE id = 4;

-- drawn: worker.barcode uuid4
UPDATE worker SET barcode = '00000000-0000-4000-8000-000000000003' WHERE id = 3;

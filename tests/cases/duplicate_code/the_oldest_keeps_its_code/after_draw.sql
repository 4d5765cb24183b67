-- drawn: member.barcode ST-\d{6}
UPDATE member SET barcode = 'ST-00010' || id WHERE id IN (1, 2, 4);

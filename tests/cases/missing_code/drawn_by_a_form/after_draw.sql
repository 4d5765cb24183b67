-- drawn: member.barcode ST-\d{6}
UPDATE member SET barcode = 'ST-00000' || id + 3 WHERE id IN (2, 4);

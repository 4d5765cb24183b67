-- drawn: member.barcode [1-9]\d*
UPDATE member SET barcode = 100 + id WHERE id IN (2, 3);

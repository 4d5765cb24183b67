UPDATE member SET phone = '5' WHERE id = 1;

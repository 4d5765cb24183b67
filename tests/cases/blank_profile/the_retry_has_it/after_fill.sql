UPDATE member SET phone = '5', street = 'Lane 1' WHERE id = 1;

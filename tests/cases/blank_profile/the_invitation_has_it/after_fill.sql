UPDATE member SET department = 'history' WHERE id = 1;

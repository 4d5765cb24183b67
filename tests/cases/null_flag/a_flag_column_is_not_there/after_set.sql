UPDATE member SET writes = false WHERE id = 1;

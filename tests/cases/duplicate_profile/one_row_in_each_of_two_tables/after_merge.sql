DELETE FROM worker WHERE id = 3;

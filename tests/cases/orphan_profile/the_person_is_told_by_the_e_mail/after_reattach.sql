UPDATE member SET person_id = 1 WHERE id = 1;

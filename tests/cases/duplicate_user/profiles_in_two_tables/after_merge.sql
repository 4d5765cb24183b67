UPDATE member SET person_id = 1;
DELETE FROM worker WHERE id = 2;
DELETE FROM person WHERE id = 2;

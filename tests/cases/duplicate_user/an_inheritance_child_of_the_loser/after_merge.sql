UPDATE teacher SET person_ptr_id = 1;
DELETE FROM person WHERE id = 2;

UPDATE lesson SET teacher_id = 1 WHERE id = 1;
DELETE FROM teacher WHERE person_ptr_id = 2;
DELETE FROM person WHERE id = 2;

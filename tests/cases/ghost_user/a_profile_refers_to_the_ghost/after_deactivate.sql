UPDATE person SET active = false WHERE id = 1;

UPDATE person SET enabled = false WHERE id = 2;

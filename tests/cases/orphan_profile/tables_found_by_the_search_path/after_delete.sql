DELETE FROM app.member WHERE id = 2;

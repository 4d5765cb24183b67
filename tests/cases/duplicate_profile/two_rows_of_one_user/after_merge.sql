-- Nothing is mapped as filled, so all other columns count, and are as full in both: the older survives.
DELETE FROM member WHERE id = 10;

-- Only what is NULL: a flag that has a value keeps it.
UPDATE member SET reads = true WHERE id IN (1, 3);
UPDATE member SET writes = false WHERE id IN (1, 2);

-- The oldest survives; nothing else tells the three apart.
DELETE FROM person WHERE id IN (3, 4);

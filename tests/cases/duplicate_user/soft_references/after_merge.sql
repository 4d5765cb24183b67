UPDATE billing_invoice SET customer_ref = '1' WHERE id IN (1, 5);
DELETE FROM person WHERE id = 2;

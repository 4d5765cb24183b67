-- Who is off stays a ghost; there is nothing more to switch off.
UPDATE person SET active = false WHERE id IN (1, 2);

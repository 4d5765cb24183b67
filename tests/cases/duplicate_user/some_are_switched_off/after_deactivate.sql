-- They still share their names, so they are still found; there is nothing more to switch off.
UPDATE person SET active = false WHERE id IN (2, 3);

UPDATE remark SET item_id = 1 WHERE id = 1;
DELETE FROM item WHERE id = 2;
UPDATE item SET wishlist_id = 1 WHERE id = 3;
DELETE FROM wishlist WHERE id = 2;
DELETE FROM person WHERE id = 2;

-- 'c' is a row of nobody.
UPDATE "group"."table of ""x""" SET "null" = false WHERE "Order" = 'a';
UPDATE "group"."table of ""x""" SET "can't" = false WHERE "Order" = 'b';

-- One row refers to b"2\ and none to a'1, so b"2\ survives.
DELETE FROM "Über"."per""son's" WHERE ":id" = 'a''1';

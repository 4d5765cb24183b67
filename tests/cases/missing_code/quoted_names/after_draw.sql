-- One of the two codes is there already. The table's name is given as the server quotes it.
-- drawn: public."x""; drop".Bar"Code; -- uuid4
UPDATE "x""; drop" SET "Bar""Code; --" = '00000000-0000-4000-8000-000000000001' WHERE " id" = 1;

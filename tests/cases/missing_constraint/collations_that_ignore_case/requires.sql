SELECT count(*) > 10 FROM pg_collation WHERE collprovider = 'i';

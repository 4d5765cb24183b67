-- Nobody has a time, so the smallest key survives, by code point.
DELETE FROM person WHERE id IN ('a', '9', E'\U0001f600', 'é', 'ab', 'a"x');

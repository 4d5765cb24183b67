-- Grouped by the column's own equality 'a1' and 'A1' would be one code. This type does what citext does, where there is none.
CREATE TYPE caseless;
CREATE FUNCTION caseless_in(cstring) RETURNS caseless IMMUTABLE STRICT LANGUAGE internal AS 'textin';
CREATE FUNCTION caseless_out(caseless) RETURNS cstring IMMUTABLE STRICT LANGUAGE internal AS 'textout';
CREATE TYPE caseless (INPUT = caseless_in, OUTPUT = caseless_out, LIKE = text, CATEGORY = 'S', COLLATABLE = true);
CREATE CAST (caseless AS text) WITHOUT FUNCTION AS IMPLICIT;
CREATE CAST (text AS caseless) WITHOUT FUNCTION AS ASSIGNMENT;
CREATE FUNCTION caseless_order(caseless, caseless) RETURNS integer IMMUTABLE STRICT LANGUAGE sql
  AS $$ SELECT bttextcmp(lower($1::text), lower($2::text)) $$;
CREATE FUNCTION caseless_lt(caseless, caseless) RETURNS boolean IMMUTABLE LANGUAGE sql
  AS $$ SELECT lower($1::text) < lower($2::text) $$;
CREATE FUNCTION caseless_le(caseless, caseless) RETURNS boolean IMMUTABLE LANGUAGE sql
  AS $$ SELECT lower($1::text) <= lower($2::text) $$;
CREATE FUNCTION caseless_eq(caseless, caseless) RETURNS boolean IMMUTABLE LANGUAGE sql
  AS $$ SELECT lower($1::text) = lower($2::text) $$;
CREATE FUNCTION caseless_ge(caseless, caseless) RETURNS boolean IMMUTABLE LANGUAGE sql
  AS $$ SELECT lower($1::text) >= lower($2::text) $$;
CREATE FUNCTION caseless_gt(caseless, caseless) RETURNS boolean IMMUTABLE LANGUAGE sql
  AS $$ SELECT lower($1::text) > lower($2::text) $$;
CREATE OPERATOR < (LEFTARG = caseless, RIGHTARG = caseless, FUNCTION = caseless_lt);
CREATE OPERATOR <= (LEFTARG = caseless, RIGHTARG = caseless, FUNCTION = caseless_le);
CREATE OPERATOR = (LEFTARG = caseless, RIGHTARG = caseless, FUNCTION = caseless_eq, MERGES);
CREATE OPERATOR >= (LEFTARG = caseless, RIGHTARG = caseless, FUNCTION = caseless_ge);
CREATE OPERATOR > (LEFTARG = caseless, RIGHTARG = caseless, FUNCTION = caseless_gt);
CREATE OPERATOR CLASS caseless_ops DEFAULT FOR TYPE caseless USING btree AS
  OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 caseless_order(caseless, caseless);
CREATE TABLE person (id integer PRIMARY KEY, name caseless, email caseless, joined timestamptz);
CREATE TABLE member (id integer PRIMARY KEY, person_id integer, made timestamptz, barcode caseless);
INSERT INTO person VALUES (1, 'Ann', NULL, NULL);
INSERT INTO member VALUES
  (1, 1, NULL, 'a1'), (2, 1, NULL, 'A1'), (3, 1, NULL, 'b'), (4, 1, NULL, 'b'), (5, 1, NULL, 'B'), (6, 1, NULL, 'A1'),
  (7, 1, NULL, '');

-- The extension's type as far as a unique key needs it, for servers that do not ship the extension.
CREATE TYPE citext;
CREATE FUNCTION citext_in(cstring) RETURNS citext IMMUTABLE STRICT LANGUAGE internal AS 'textin';
CREATE FUNCTION citext_out(citext) RETURNS cstring IMMUTABLE STRICT LANGUAGE internal AS 'textout';
CREATE TYPE citext (INPUT = citext_in, OUTPUT = citext_out, LIKE = text, CATEGORY = 'S', COLLATABLE = true);
CREATE CAST (citext AS text) WITHOUT FUNCTION AS IMPLICIT;
CREATE CAST (text AS citext) WITHOUT FUNCTION AS ASSIGNMENT;
CREATE FUNCTION citext_order(citext, citext) RETURNS integer IMMUTABLE STRICT LANGUAGE sql
  AS $$ SELECT bttextcmp(lower($1::text), lower($2::text)) $$;
CREATE FUNCTION citext_lt(citext, citext) RETURNS boolean IMMUTABLE LANGUAGE sql
  AS $$ SELECT lower($1::text) < lower($2::text) $$;
CREATE FUNCTION citext_le(citext, citext) RETURNS boolean IMMUTABLE LANGUAGE sql
  AS $$ SELECT lower($1::text) <= lower($2::text) $$;
CREATE FUNCTION citext_eq(citext, citext) RETURNS boolean IMMUTABLE LANGUAGE sql
  AS $$ SELECT lower($1::text) = lower($2::text) $$;
CREATE FUNCTION citext_ge(citext, citext) RETURNS boolean IMMUTABLE LANGUAGE sql
  AS $$ SELECT lower($1::text) >= lower($2::text) $$;
CREATE FUNCTION citext_gt(citext, citext) RETURNS boolean IMMUTABLE LANGUAGE sql
  AS $$ SELECT lower($1::text) > lower($2::text) $$;
CREATE OPERATOR < (LEFTARG = citext, RIGHTARG = citext, FUNCTION = citext_lt);
CREATE OPERATOR <= (LEFTARG = citext, RIGHTARG = citext, FUNCTION = citext_le);
CREATE OPERATOR = (LEFTARG = citext, RIGHTARG = citext, FUNCTION = citext_eq, MERGES);
CREATE OPERATOR >= (LEFTARG = citext, RIGHTARG = citext, FUNCTION = citext_ge);
CREATE OPERATOR > (LEFTARG = citext, RIGHTARG = citext, FUNCTION = citext_gt);
CREATE OPERATOR CLASS citext_ops DEFAULT FOR TYPE citext USING btree AS
  OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 citext_order(citext, citext);
CREATE TABLE person (id integer PRIMARY KEY, name citext UNIQUE, email citext, joined timestamptz);
CREATE INDEX ON person (email);
INSERT INTO person VALUES (1, 'Ann', 'ann@example.com', NULL);
CREATE TABLE member (id integer PRIMARY KEY, person_id integer UNIQUE REFERENCES person, made timestamptz, barcode citext UNIQUE);

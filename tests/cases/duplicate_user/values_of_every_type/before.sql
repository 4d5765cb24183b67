-- Every type that PostgreSQL ships, with the values that are hard to carry: a loser that is deleted and comes back, a blank
-- survivor that takes each value over, a survivor that has its own, and rows that move to another person as they are.
CREATE TYPE mood AS ENUM ('calm', 'Calm', 'it''s "odd"');
CREATE DOMAIN positive AS integer CHECK (VALUE > 0);
CREATE TYPE place AS (street text, "no. x" integer, tags text[]);
CREATE TYPE place_range AS RANGE (subtype = text, collation = "C");
CREATE TABLE kind (
  n integer,
  a_json json, a_jsonb jsonb, a_jsonpath jsonpath, a_smallint smallint, a_bigint bigint, a_decimal numeric(10,4),
  a_numeric numeric, a_wide_numeric numeric, a_real real, a_float double precision, another_float double precision,
  a_money money, a_boolean boolean, a_timestamptz timestamptz, another_timestamptz timestamptz, a_timestamp timestamp,
  a_short_timestamp timestamp(0), a_date date, a_time time, a_timetz timetz, an_interval interval, a_bytea bytea,
  an_int_array integer[], a_text_array text[], a_jsonb_array jsonb[], a_mood mood, a_mood_array mood[],
  an_int_range int4range, a_num_range numrange, a_num_multirange nummultirange, a_time_range tstzrange,
  a_date_range daterange, a_place_range place_range, a_uuid uuid, a_char char(5), a_varchar varchar(10), a_text text,
  a_positive positive, a_place place, a_place_array place[], a_tsvector tsvector, a_tsquery tsquery, a_bit bit(3),
  a_varbit varbit, an_inet inet, a_cidr cidr, a_macaddr macaddr, a_macaddr8 macaddr8, a_point point, a_line line,
  an_lseg lseg, a_box box, a_path path, a_polygon polygon, a_circle circle, a_pg_lsn pg_lsn, a_byte "char", a_name name,
  an_oid oid, an_xid8 xid8, a_snapshot pg_snapshot,
  doubled numeric GENERATED ALWAYS AS (a_decimal * 2) STORED
);
INSERT INTO kind VALUES (
  1,
  E'{"b": 1,  "a":[1.0, null],"b": "\\u00e9"}', E'{"x": 1.10, "é\\"": null, "y": [1e2, true]}', '$."a"[*]?(@.b > 1.5)',
  '-32768', '9223372036854775807', '1.5', '123456789012345678901234567890.1230', 'Infinity', '1.1', 'NaN', 'Infinity',
  '-92233720368547758.08', 'true', '2024-02-29 23:59:59.999999+05:30', 'infinity', '2024-03-31 02:30:00',
  '2024-03-31 02:30:00', '0001-01-01', '24:00:00', '23:59:59.5-07:30', '1 year -2 mons +3 days -04:05:06.789',
  E'\\x00ff5c2725', '[2:3][0:1]={{1,NULL},{3,4}}', E'{{"a\\"b",NULL},{"NULL","c,\\\\d{}"}}',
  E'{"{\\"a\\": \\"b,c\\"}",NULL}', 'it''s "odd"', E'{"it''s \\"odd\\"",calm}', '[1,5]', '(1.10,2.0]',
  '{[1.0,2.0),(3,)}', '["2024-01-01 00:00:00+02",infinity)', '[2024-01-01,2024-02-01]', E'[a b,"c""d\\\\"]',
  'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', 'ab', E' x\t ', E'O''Brien "q" \\ \n\r\t\x01 \u2028 \U0001f600 :x %s $1', '7',
  E'("say ""hi"", (you)\\\\",7,"{a,NULL,""b c""}")', E'{"(\\"a,b\\",1,{})",NULL}', '''a b'':1A,3 ''it''''s'':2B c',
  '!''it''''s'' <-> ( a | b:*A )', '101', '1010001', '192.168.1.7/24', '10.1.0.0/16', '08-00-2b-01-02-03',
  '08:00:2b:01:02:03:04:05', '(-0,1e-300)', '{1,-1,0.1}', '[(1,2),(3,4.5)]', '(1,2),(3,4)', '[(1,2),(3,4)]',
  '((0,0),(0,1.1),(1,0))', '<(1,2),0.5>', '16/B374D848', E'\\377', 'it''s "x"', '4294967295', '18446744073709551615',
  '10:20:10,14,15'
);
INSERT INTO kind VALUES (
  2,
  '[1,2 ,3]', '"text"', '$', '0', '0', '0', '1.10', '0.00000000000000000000000000000001', '3.4028235e38', '0.1',
  '4.9406564584124654e-324', '0', 'false', '4714-11-24 00:00:00+00 BC', '294276-12-31 23:59:59.999999+00', 'infinity',
  '2024-12-31 23:59:59', 'infinity', '00:00:00.000001', '00:00:00+15:59', '00:00:00', E'\\x20', '{}', '{""}', '{}',
  'calm', '{calm}', 'empty', '(,)', '{}', 'empty', 'empty', 'empty', '00000000-0000-0000-0000-000000000000', 'é"''', 'y',
  'y', '1', '(x,,)', '{}', 'x', 'x', '000', '0', '::1', '::/0', '00:00:00:00:00:00', '00:00:00:00:00:00:00:00', '(0,0)',
  '{0,1,0}', '[(0,0),(0,0)]', '(0,0),(0,0)', '((0,0))', '((0,0))', '<(0,0),0>', '0/0', 'a', 'y', '0', '0', '1:1:'
);
INSERT INTO kind VALUES (
  3,
  'null', 'null', 'lax $.x', '32767', '-9223372036854775808', 'NaN', 'NaN', '-Infinity', '-Infinity', '-0', '-Infinity',
  '1234.5', 'true', '-infinity', '1883-11-18 12:00:00+00', '-infinity', '0044-03-15 12:00:00 BC', '4713-01-01 BC',
  '12:00', '24:00:00-15:59', '-178000000 years', E'\\x', '[-1:-1]={7}', '{NULL}', '{1}', 'Calm', '{}', '(,7)', '[0,0]',
  '{(,)}', '[-infinity,)', '[2024-01-01,infinity)', '[,)', 'ffffffff-ffff-ffff-ffff-ffffffffffff', '  x', E'\\N', 'NULL',
  '2147483647', '(,,)', '{"(,,)"}', 'y:16383', 'y & z', '111', '1', '::ffff:1.2.3.4/96', '2001:db8::/32',
  'ff:ff:ff:ff:ff:ff', '08:00:2b:01:02:03', '(NaN,-Infinity)', '{1,0,1e300}', '[(-0,0),(1,1)]', '(Infinity,1),(0,0)',
  '((1,2),(3,4),(5,6.5))', '((1,2),(3,4))', '<(0,0),Infinity>', 'FFFFFFFF/FFFFFFFF', '''', 'z', '1', '3', '5:9:7'
);
CREATE TABLE person (
  id integer PRIMARY KEY, name text, email text, joined timestamptz, seen timestamptz, active boolean, is_staff boolean,
  number bigint GENERATED ALWAYS AS IDENTITY, LIKE kind INCLUDING GENERATED
);
CREATE TABLE piece (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, person_id integer NOT NULL REFERENCES person, LIKE kind INCLUDING GENERATED
);
-- Survivors are those who logged in. The first has none of the values.
INSERT INTO person (id, name, email, joined, seen, active, is_staff) VALUES
  (1, 'ann', 'ann@example.com', '2024-01-01 00:00Z', '2024-06-01 00:00Z', true, false),
  (2, 'Ann', 'ann.b@example.com', '2024-01-02 00:00Z', NULL, true, false),
  (3, 'bob', 'bob@example.com', '2024-01-01 00:00Z', '2024-06-01 00:00Z', true, false),
  (4, 'Bob', 'bob.b@example.com', '2024-01-02 00:00Z', NULL, true, false),
  (5, 'cat', 'cat@example.com', '2024-01-01 00:00Z', '2024-06-01 00:00Z', true, false),
  (6, 'Cat', 'cat.b@example.com', '2024-01-02 00:00Z', NULL, true, false);
UPDATE person SET
  n = k.n,
  a_json = k.a_json, a_jsonb = k.a_jsonb, a_jsonpath = k.a_jsonpath, a_smallint = k.a_smallint, a_bigint = k.a_bigint,
  a_decimal = k.a_decimal, a_numeric = k.a_numeric, a_wide_numeric = k.a_wide_numeric, a_real = k.a_real,
  a_float = k.a_float, another_float = k.another_float, a_money = k.a_money, a_boolean = k.a_boolean,
  a_timestamptz = k.a_timestamptz, another_timestamptz = k.another_timestamptz, a_timestamp = k.a_timestamp,
  a_short_timestamp = k.a_short_timestamp, a_date = k.a_date, a_time = k.a_time, a_timetz = k.a_timetz,
  an_interval = k.an_interval, a_bytea = k.a_bytea, an_int_array = k.an_int_array, a_text_array = k.a_text_array,
  a_jsonb_array = k.a_jsonb_array, a_mood = k.a_mood, a_mood_array = k.a_mood_array, an_int_range = k.an_int_range,
  a_num_range = k.a_num_range, a_num_multirange = k.a_num_multirange, a_time_range = k.a_time_range,
  a_date_range = k.a_date_range, a_place_range = k.a_place_range, a_uuid = k.a_uuid, a_char = k.a_char,
  a_varchar = k.a_varchar, a_text = k.a_text, a_positive = k.a_positive, a_place = k.a_place,
  a_place_array = k.a_place_array, a_tsvector = k.a_tsvector, a_tsquery = k.a_tsquery, a_bit = k.a_bit,
  a_varbit = k.a_varbit, an_inet = k.an_inet, a_cidr = k.a_cidr, a_macaddr = k.a_macaddr, a_macaddr8 = k.a_macaddr8,
  a_point = k.a_point, a_line = k.a_line, an_lseg = k.an_lseg, a_box = k.a_box, a_path = k.a_path,
  a_polygon = k.a_polygon, a_circle = k.a_circle, a_pg_lsn = k.a_pg_lsn, a_byte = k.a_byte, a_name = k.a_name,
  an_oid = k.an_oid, an_xid8 = k.an_xid8, a_snapshot = k.a_snapshot
FROM kind k
WHERE (person.id, k.n) IN ((2, 1), (3, 2), (4, 1), (5, 2), (6, 3));
INSERT INTO piece (
  person_id, n,
  a_json, a_jsonb, a_jsonpath, a_smallint, a_bigint, a_decimal, a_numeric, a_wide_numeric, a_real, a_float,
  another_float, a_money, a_boolean, a_timestamptz, another_timestamptz, a_timestamp, a_short_timestamp, a_date, a_time,
  a_timetz, an_interval, a_bytea, an_int_array, a_text_array, a_jsonb_array, a_mood, a_mood_array, an_int_range,
  a_num_range, a_num_multirange, a_time_range, a_date_range, a_place_range, a_uuid, a_char, a_varchar, a_text,
  a_positive, a_place, a_place_array, a_tsvector, a_tsquery, a_bit, a_varbit, an_inet, a_cidr, a_macaddr, a_macaddr8,
  a_point, a_line, an_lseg, a_box, a_path, a_polygon, a_circle, a_pg_lsn, a_byte, a_name, an_oid, an_xid8, a_snapshot
)
SELECT p.id, k.n,
  k.a_json, k.a_jsonb, k.a_jsonpath, k.a_smallint, k.a_bigint, k.a_decimal, k.a_numeric, k.a_wide_numeric, k.a_real,
  k.a_float, k.another_float, k.a_money, k.a_boolean, k.a_timestamptz, k.another_timestamptz, k.a_timestamp,
  k.a_short_timestamp, k.a_date, k.a_time, k.a_timetz, k.an_interval, k.a_bytea, k.an_int_array, k.a_text_array,
  k.a_jsonb_array, k.a_mood, k.a_mood_array, k.an_int_range, k.a_num_range, k.a_num_multirange, k.a_time_range,
  k.a_date_range, k.a_place_range, k.a_uuid, k.a_char, k.a_varchar, k.a_text, k.a_positive, k.a_place, k.a_place_array,
  k.a_tsvector, k.a_tsquery, k.a_bit, k.a_varbit, k.an_inet, k.a_cidr, k.a_macaddr, k.a_macaddr8, k.a_point, k.a_line,
  k.an_lseg, k.a_box, k.a_path, k.a_polygon, k.a_circle, k.a_pg_lsn, k.a_byte, k.a_name, k.an_oid, k.an_xid8,
  k.a_snapshot
FROM person p, kind k ORDER BY p.id, k.n;

-- The first survivor takes every value, its own numbers aside; the others have theirs.
UPDATE piece SET person_id = person_id - 1 WHERE person_id IN (2, 4, 6);
UPDATE person SET
  n = loser.n,
  a_json = loser.a_json, a_jsonb = loser.a_jsonb, a_jsonpath = loser.a_jsonpath, a_smallint = loser.a_smallint,
  a_bigint = loser.a_bigint, a_decimal = loser.a_decimal, a_numeric = loser.a_numeric,
  a_wide_numeric = loser.a_wide_numeric, a_real = loser.a_real, a_float = loser.a_float,
  another_float = loser.another_float, a_money = loser.a_money, a_boolean = loser.a_boolean,
  a_timestamptz = loser.a_timestamptz, another_timestamptz = loser.another_timestamptz, a_timestamp = loser.a_timestamp,
  a_short_timestamp = loser.a_short_timestamp, a_date = loser.a_date, a_time = loser.a_time, a_timetz = loser.a_timetz,
  an_interval = loser.an_interval, a_bytea = loser.a_bytea, an_int_array = loser.an_int_array,
  a_text_array = loser.a_text_array, a_jsonb_array = loser.a_jsonb_array, a_mood = loser.a_mood,
  a_mood_array = loser.a_mood_array, an_int_range = loser.an_int_range, a_num_range = loser.a_num_range,
  a_num_multirange = loser.a_num_multirange, a_time_range = loser.a_time_range, a_date_range = loser.a_date_range,
  a_place_range = loser.a_place_range, a_uuid = loser.a_uuid, a_char = loser.a_char, a_varchar = loser.a_varchar,
  a_text = loser.a_text, a_positive = loser.a_positive, a_place = loser.a_place, a_place_array = loser.a_place_array,
  a_tsvector = loser.a_tsvector, a_tsquery = loser.a_tsquery, a_bit = loser.a_bit, a_varbit = loser.a_varbit,
  an_inet = loser.an_inet, a_cidr = loser.a_cidr, a_macaddr = loser.a_macaddr, a_macaddr8 = loser.a_macaddr8,
  a_point = loser.a_point, a_line = loser.a_line, an_lseg = loser.an_lseg, a_box = loser.a_box, a_path = loser.a_path,
  a_polygon = loser.a_polygon, a_circle = loser.a_circle, a_pg_lsn = loser.a_pg_lsn, a_byte = loser.a_byte,
  a_name = loser.a_name, an_oid = loser.an_oid, an_xid8 = loser.an_xid8, a_snapshot = loser.a_snapshot
FROM person loser
WHERE (person.id, loser.id) = (1, 2);
DELETE FROM person WHERE id IN (2, 4, 6);

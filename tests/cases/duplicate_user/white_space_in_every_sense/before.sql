-- All 25 white space characters are trimmed from both ends; what only looks empty is not, nor is white space within.
CREATE TABLE person (id integer PRIMARY KEY, name text, email text, joined timestamptz);
INSERT INTO person (id, email)
SELECT row_number() OVER (ORDER BY code), chr(code) || 'Ann@example.com' || chr(code) || chr(code)
FROM unnest(ARRAY[9, 10, 11, 12, 13, 32, 133, 160, 5760, 8192, 8193, 8194, 8195, 8196, 8197, 8198, 8199, 8200, 8201, 8202,
                  8232, 8233, 8239, 8287, 12288]) AS code;
INSERT INTO person (id, email) VALUES
  (100, E'ann@example.com\u200b'), (101, E'\ufeffann@example.com'), (102, E'ann@example.com\u180e'),
  (103, E'ann@ example.com'), (104, E'ann@\u00a0example.com'), (105, E'ann@example.com\u2060'),
  (106, E'ann@example.com\u00ad'), (107, E'ann@example.com\u001c'), (108, E'\u001fann@example.com'),
  (109, E'\u0008ann@example.com'), (110, E'ann@example.com\u000e'), (111, E'ann@example.com\u2800');

-- There can be one for the survivor, and there is: the loser's is a victim, and its lesson goes to the survivor's.
CREATE TABLE person (
  id integer PRIMARY KEY, name text, email text, joined timestamptz, seen timestamptz, active boolean, is_staff boolean
);
CREATE TABLE teacher (person_ptr_id integer PRIMARY KEY REFERENCES person, room text);
CREATE TABLE lesson (id integer PRIMARY KEY, teacher_id integer NOT NULL REFERENCES teacher, subject text);
INSERT INTO person VALUES
  (1, 'ann', 'ann@example.com', '2024-01-01 00:00Z', '2024-06-01 00:00Z', true, false),
  (2, 'Ann', 'ann.b@example.com', '2024-01-02 00:00Z', NULL, true, false);
INSERT INTO teacher VALUES (1, NULL), (2, 'R2');
INSERT INTO lesson VALUES (1, 2, 'music'), (2, 1, 'history');

-- An identity that is always drawn, a uuid by default, a time by default; the user is named by text.
CREATE TABLE person (id uuid PRIMARY KEY, name text, email text, joined timestamptz);
CREATE TABLE member (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, person_id uuid, made timestamptz DEFAULT now(),
  label text GENERATED ALWAYS AS ('M' || coalesce(note, '')) STORED, note text
);
CREATE TABLE worker (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), person_id varchar(40), made timestamptz DEFAULT now());
INSERT INTO person VALUES ('00000000-0000-0000-0000-00000000000a', 'a', NULL, NULL);

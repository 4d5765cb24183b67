-- A generated column follows by itself and is never written; a trigger on deletes has nothing to do with updates.
CREATE TABLE person (id integer PRIMARY KEY, name text, email text, joined timestamptz);
CREATE TABLE member (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, person_id integer, made timestamptz, can_invite boolean,
  label text GENERATED ALWAYS AS (CASE WHEN can_invite THEN 'yes' WHEN NOT can_invite THEN 'no' ELSE 'unknown' END) STORED
);
CREATE FUNCTION stop() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE TRIGGER stop BEFORE DELETE ON member FOR EACH ROW EXECUTE FUNCTION stop();
INSERT INTO person VALUES (1, 'a', NULL, NULL), (2, 'b', NULL, NULL);
INSERT INTO member (person_id, can_invite) VALUES (1, NULL), (2, true);

-- It runs after the change and alters nothing of the row, so it stops nobody.
CREATE TABLE person (
  id integer PRIMARY KEY, name text, email text, joined timestamptz, seen timestamptz, active boolean, is_staff boolean
);
CREATE TABLE purchase (id integer PRIMARY KEY, person_id integer REFERENCES person);
CREATE FUNCTION watch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_notify('moved', NEW.id::text); RETURN NULL; END $$;
INSERT INTO person VALUES
  (1, 'ann', 'ann@example.com', '2024-01-01 00:00Z', '2024-06-01 00:00Z', true, false),
  (2, 'Ann', 'ann.b@example.com', '2024-01-02 00:00Z', NULL, true, false);
INSERT INTO purchase VALUES (1, 2);
CREATE TRIGGER watch AFTER UPDATE ON purchase FOR EACH ROW EXECUTE FUNCTION watch();

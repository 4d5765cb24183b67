-- What the trigger would make of the moved row is not what the case says.
CREATE TABLE person (
  id integer PRIMARY KEY, name text, email text, joined timestamptz, seen timestamptz, active boolean, is_staff boolean
);
CREATE TABLE purchase (id integer PRIMARY KEY, person_id integer REFERENCES person, stamp integer DEFAULT 0);
CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.stamp = NEW.stamp + 1; RETURN NEW; END $$;
INSERT INTO person VALUES
  (1, 'ann', 'ann@example.com', '2024-01-01 00:00Z', '2024-06-01 00:00Z', true, false),
  (2, 'Ann', 'ann.b@example.com', '2024-01-02 00:00Z', NULL, true, false);
INSERT INTO purchase VALUES (1, 2);
CREATE TRIGGER stamp BEFORE UPDATE ON purchase FOR EACH ROW EXECUTE FUNCTION stamp();

-- It turns every flag on, whatever was written. What it would do is for a person to see first.
CREATE TABLE person (id integer PRIMARY KEY, name text, email text, joined timestamptz);
CREATE TABLE member (id integer PRIMARY KEY, person_id integer, made timestamptz, can_invite boolean);
CREATE FUNCTION turn_on() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.can_invite = true; RETURN NEW; END $$;
INSERT INTO person VALUES (1, 'a', NULL, NULL);
INSERT INTO member VALUES (1, 1, NULL, NULL);
CREATE TRIGGER turn_on BEFORE UPDATE ON member FOR EACH ROW EXECUTE FUNCTION turn_on();

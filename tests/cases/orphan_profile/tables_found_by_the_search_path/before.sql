-- A table named without schema is the one that the database's own search path finds first.
DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path TO app, public', current_database()); END $$;
CREATE SCHEMA app;
CREATE TABLE app.person (id integer PRIMARY KEY, name text, email text, joined timestamptz);
CREATE TABLE app.member (id integer PRIMARY KEY, person_id integer, made timestamptz);
CREATE TABLE public.person (id integer PRIMARY KEY, name text, email text, joined timestamptz);
CREATE TABLE public.member (id integer PRIMARY KEY, person_id integer, made timestamptz);
INSERT INTO app.person VALUES (1, 'a', NULL, NULL);
INSERT INTO app.member VALUES (1, 1, NULL), (2, 2, NULL);
INSERT INTO public.person VALUES (2, 'b', NULL, NULL);
INSERT INTO public.member VALUES (3, 3, NULL);
-- This session began before the database had a search path.
SET search_path TO app, public;

-- The rows of generate.sql on SQLite: :users users, about as many profiles, and every kind of damage among them.
CREATE TABLE auth_user ( -- Django's own, column by column
    id integer PRIMARY KEY, password varchar(128) NOT NULL, last_login datetime, is_superuser bool NOT NULL,
    username varchar(150) NOT NULL UNIQUE, first_name varchar(150) NOT NULL, last_name varchar(150) NOT NULL,
    email varchar(254) NOT NULL, is_staff bool NOT NULL, is_active bool NOT NULL, date_joined datetime NOT NULL
);
CREATE TABLE profile (
    id integer PRIMARY KEY, user_id bigint, phone varchar(50), address text, barcode varchar(50), invites bool, created_at datetime
);
INSERT INTO auth_user
SELECT value, 'pbkdf2_sha256$1000000$' || lower(hex(randomblob(32))), datetime('2025-06-01', (value * 7) || ' seconds'), false,
       CASE WHEN value % 1000 = 2 THEN upper('user' || (value - 1)) ELSE 'user' || value END,
       'First' || value % 5000, 'Last' || value % 90000,
       CASE WHEN value % 500 = 7 THEN 'User' || (value - 1) || '@Example.com' ELSE 'user' || value || '@example.com' END,
       value % 50 = 0, true, datetime('2025-01-01', (value * 5) || ' seconds')
FROM generate_series(1, :users);
INSERT INTO profile
SELECT value, CASE WHEN value % 400 = 9 THEN value + 1000000000 ELSE value END,
       CASE WHEN value % 100 <> 11 THEN '+49 30 ' || value END, CASE WHEN value % 100 = 11 THEN ' ' ELSE 'Street ' || value END,
       CASE WHEN value % 300 = 13 THEN NULL WHEN value % 300 = 17 THEN printf('ST-%09d', value - 1) ELSE printf('ST-%09d', value) END,
       CASE WHEN value % 200 <> 19 THEN true END, datetime('2025-01-01', (value * 5) || ' seconds')
FROM generate_series(1, :users) WHERE value % 100 <> 23 AND value % 50 <> 0 OR value % 1000 = 0;
INSERT INTO profile
SELECT value + 2000000000, value, NULL, NULL, 'SX-' || value, true, datetime('2025-01-01', (value * 5) || ' seconds')
FROM generate_series(1, :users) WHERE value % 250 = 27;
CREATE INDEX profile_user_id ON profile (user_id); -- as Django makes for every foreign key; the unique one is what broke
ANALYZE;

-- :users users, about as many profiles, and every kind of damage among them.
CREATE TABLE auth_user ( -- Django's own, column by column
    id bigint PRIMARY KEY, password varchar(128) NOT NULL, last_login timestamptz, is_superuser boolean NOT NULL,
    username varchar(150) NOT NULL UNIQUE, first_name varchar(150) NOT NULL, last_name varchar(150) NOT NULL,
    email varchar(254) NOT NULL, is_staff boolean NOT NULL, is_active boolean NOT NULL, date_joined timestamptz NOT NULL
);
CREATE TABLE profile (
    id bigint PRIMARY KEY, user_id bigint, phone text, address text, barcode text, invites boolean, created_at timestamptz
);
INSERT INTO auth_user
SELECT i, 'pbkdf2_sha256$1000000$' || md5(i::text) || '$' || md5((-i)::text), timestamptz '2025-06-01' + i * interval '7 s', false,
       CASE WHEN i % 1000 = 2 THEN upper('user' || (i - 1)) ELSE 'user' || i END, 'First' || i % 5000, 'Last' || i % 90000,
       CASE WHEN i % 500 = 7 THEN 'User' || (i - 1) || '@Example.com' ELSE 'user' || i || '@example.com' END,
       i % 50 = 0, true, timestamptz '2025-01-01' + i * interval '5 s'
FROM generate_series(1, :users) i;
INSERT INTO profile
SELECT i, CASE WHEN i % 400 = 9 THEN i + 1000000000 ELSE i END,
       CASE WHEN i % 100 <> 11 THEN '+49 30 ' || i END, CASE WHEN i % 100 = 11 THEN ' ' ELSE 'Street ' || i END,
       CASE WHEN i % 300 = 13 THEN NULL WHEN i % 300 = 17 THEN 'ST-' || lpad((i - 1)::text, 9, '0') ELSE 'ST-' || lpad(i::text, 9, '0') END,
       CASE WHEN i % 200 <> 19 THEN true END, timestamptz '2025-01-01' + i * interval '5 s' + interval '40 ms'
FROM generate_series(1, :users) i WHERE i % 100 <> 23 AND i % 50 <> 0 OR i % 1000 = 0;
INSERT INTO profile
SELECT i + 2000000000, i, NULL, NULL, 'SX-' || i, true, timestamptz '2025-01-01' + i * interval '5 s'
FROM generate_series(1, :users) i WHERE i % 250 = 27;
CREATE INDEX profile_user_id ON profile (user_id); -- as Django makes for every foreign key; the unique one is what broke
VACUUM ANALYZE;

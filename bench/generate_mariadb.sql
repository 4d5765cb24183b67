-- The rows of generate.sql on MariaDB: @users users, about as many profiles, and every kind of damage among them.
CREATE TABLE auth_user ( -- Django's own, column by column; names differ by case, as they do where the column compares exactly
    id bigint PRIMARY KEY, password varchar(128) NOT NULL, last_login datetime(6), is_superuser bool NOT NULL,
    username varchar(150) COLLATE utf8mb4_bin NOT NULL UNIQUE, first_name varchar(150) NOT NULL, last_name varchar(150) NOT NULL,
    email varchar(254) NOT NULL, is_staff bool NOT NULL, is_active bool NOT NULL, date_joined datetime(6) NOT NULL
);
CREATE TABLE profile (
    id bigint PRIMARY KEY, user_id bigint, phone varchar(50), address longtext, barcode varchar(50), invites bool,
    created_at datetime(6)
);
INSERT INTO auth_user
SELECT seq, concat('pbkdf2_sha256$1000000$', md5(seq), '$', md5(-seq)), '2025-06-01' + INTERVAL seq * 7 SECOND, false,
       if(seq % 1000 = 2, concat('USER', seq - 1), concat('user', seq)), concat('First', seq % 5000), concat('Last', seq % 90000),
       if(seq % 500 = 7, concat('User', seq - 1, '@Example.com'), concat('user', seq, '@example.com')),
       seq % 50 = 0, true, '2025-01-01' + INTERVAL seq * 5 SECOND
FROM seq_1_to_100000000 WHERE seq <= @users;
INSERT INTO profile
SELECT seq, if(seq % 400 = 9, seq + 1000000000, seq),
       if(seq % 100 <> 11, concat('+49 30 ', seq), NULL), if(seq % 100 = 11, ' ', concat('Street ', seq)),
       CASE WHEN seq % 300 = 13 THEN NULL WHEN seq % 300 = 17 THEN concat('ST-', lpad(seq - 1, 9, '0')) ELSE concat('ST-', lpad(seq, 9, '0')) END,
       if(seq % 200 <> 19, true, NULL), '2025-01-01' + INTERVAL seq * 5 SECOND + INTERVAL 40000 MICROSECOND
FROM seq_1_to_100000000 WHERE seq <= @users AND (seq % 100 <> 23 AND seq % 50 <> 0 OR seq % 1000 = 0);
INSERT INTO profile
SELECT seq + 2000000000, seq, NULL, NULL, concat('SX-', seq), true, '2025-01-01' + INTERVAL seq * 5 SECOND
FROM seq_1_to_100000000 WHERE seq <= @users AND seq % 250 = 27;
CREATE INDEX profile_user_id ON profile (user_id); -- as Django makes for every foreign key; the unique one is what broke
ANALYZE TABLE auth_user, profile;

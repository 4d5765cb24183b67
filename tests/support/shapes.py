"""Small schemas as other frameworks make them, each with a few rows: what `mendbook init` must tell apart by shape alone."""

from __future__ import annotations

RAILS = """
CREATE TABLE schema_migrations (version varchar PRIMARY KEY);
CREATE TABLE ar_internal_metadata (key varchar PRIMARY KEY, value varchar);
CREATE TABLE users (id bigserial PRIMARY KEY, email varchar NOT NULL DEFAULT '', encrypted_password varchar NOT NULL DEFAULT '',
    reset_password_token varchar UNIQUE, sign_in_count integer NOT NULL DEFAULT 0, current_sign_in_at timestamp(6),
    last_sign_in_at timestamp(6), admin boolean DEFAULT false, created_at timestamp(6) NOT NULL,
    updated_at timestamp(6) NOT NULL);
CREATE UNIQUE INDEX ON users (email);
CREATE TABLE admin_users (id bigserial PRIMARY KEY, email varchar NOT NULL, encrypted_password varchar NOT NULL,
    created_at timestamp(6) NOT NULL);
CREATE TABLE profiles (id bigserial PRIMARY KEY, user_id bigint NOT NULL REFERENCES users, phone varchar, city varchar,
    newsletter boolean, created_at timestamp(6) NOT NULL, updated_at timestamp(6) NOT NULL);
CREATE INDEX ON profiles (user_id);
CREATE TABLE comments (id bigserial PRIMARY KEY, commentable_type varchar, commentable_id bigint, user_id bigint, body text);
INSERT INTO users (email, current_sign_in_at, created_at, updated_at)
SELECT 'user' || n || '@example.com', CASE WHEN n % 4 > 0 THEN now() END, now(), now() FROM generate_series(1, 30) n;
INSERT INTO profiles (user_id, phone, city, newsletter, created_at, updated_at)
SELECT n, CASE WHEN n % 3 > 0 THEN '555-' || n END, CASE WHEN n % 3 > 0 THEN 'Town' END, CASE WHEN n > 3 THEN n % 2 = 0 END,
    now(), now() FROM generate_series(1, 30) n WHERE n NOT IN (5, 6);
INSERT INTO profiles (user_id, created_at, updated_at) SELECT n, now(), now() FROM generate_series(10, 14) n;
INSERT INTO comments (commentable_type, commentable_id, user_id, body) SELECT 'Post', n, n % 7 + 1, 'text'
FROM generate_series(1, 50) n;
"""
LARAVEL = """
CREATE TABLE migrations (id serial PRIMARY KEY, migration varchar(255) NOT NULL, batch integer NOT NULL);
CREATE TABLE users (id bigserial PRIMARY KEY, name varchar(255) NOT NULL, email varchar(255) NOT NULL UNIQUE,
    email_verified_at timestamp(0), password varchar(255) NOT NULL, remember_token varchar(100),
    role varchar(255) NOT NULL DEFAULT 'student', created_at timestamp(0), updated_at timestamp(0));
CREATE TABLE password_reset_tokens (email varchar(255) PRIMARY KEY, token varchar(255) NOT NULL, created_at timestamp(0));
CREATE TABLE sessions (id varchar(255) PRIMARY KEY, user_id bigint, ip_address varchar(45), payload text NOT NULL,
    last_activity integer NOT NULL);
CREATE TABLE teachers (id bigserial PRIMARY KEY, user_id bigint NOT NULL UNIQUE REFERENCES users,
    staff_number varchar(20) UNIQUE,
    department varchar(255), title varchar(255), created_at timestamp(0), updated_at timestamp(0));
CREATE TABLE students (id bigserial PRIMARY KEY, user_id bigint NOT NULL UNIQUE REFERENCES users, address varchar(255),
    created_at timestamp(0), updated_at timestamp(0));
INSERT INTO users (name, email, password, role, created_at)
SELECT 'Person ' || n, 'user' || n || '@example.com', '!',
    CASE WHEN n <= 8 THEN 'teacher' WHEN n = 9 THEN 'admin' ELSE 'student' END,
    now() FROM generate_series(1, 40) n;
INSERT INTO teachers (user_id, staff_number, department, title, created_at)
SELECT n, 'T' || lpad(n::text, 4, '0'), 'Maths', 'Dr', now() FROM generate_series(1, 7) n;
INSERT INTO students (user_id, address, created_at)
SELECT n, CASE WHEN n % 5 > 0 THEN n || ' Street' END, now() FROM generate_series(10, 40) n WHERE n NOT IN (20, 21);
INSERT INTO sessions SELECT 's' || n, n, '127.0.0.1', 'x', 1 FROM generate_series(1, 40) n;
"""
KEYCLOAK = """
CREATE TABLE realm (id varchar(36) PRIMARY KEY, name varchar(255) UNIQUE);
CREATE TABLE user_entity (id varchar(36) PRIMARY KEY, email varchar(255), email_constraint varchar(255),
    email_verified boolean NOT NULL DEFAULT false, enabled boolean NOT NULL DEFAULT false, first_name varchar(255),
    last_name varchar(255), realm_id varchar(255), username varchar(255), created_timestamp bigint,
    not_before integer NOT NULL DEFAULT 0,
    UNIQUE (realm_id, email_constraint), UNIQUE (realm_id, username));
CREATE TABLE credential (id varchar(36) PRIMARY KEY, user_id varchar(36) REFERENCES user_entity, secret_data text,
    type varchar(255));
CREATE TABLE user_attribute (id varchar(36) PRIMARY KEY, name varchar(255) NOT NULL, value varchar(255),
    user_id varchar(36) NOT NULL REFERENCES user_entity);
CREATE TABLE keycloak_role (id varchar(36) PRIMARY KEY, name varchar(255));
CREATE TABLE user_role_mapping (role_id varchar(255) REFERENCES keycloak_role, user_id varchar(36) REFERENCES user_entity,
    PRIMARY KEY (role_id, user_id));
INSERT INTO realm VALUES ('r1', 'one'), ('r2', 'two');
INSERT INTO user_entity (id, email, email_constraint, enabled, realm_id, username, created_timestamp)
SELECT md5(n::text), 'user' || n || '@example.com', 'user' || n || '@example.com', true, 'r1', 'user' || n, 1700000000000 + n
FROM generate_series(1, 20) n;
"""
SECOND_REALM = """
INSERT INTO user_entity (id, email, email_constraint, enabled, realm_id, username, created_timestamp)
SELECT md5('b' || n), 'user' || n || '@example.com', 'user' || n || '@example.com', true, 'r2', 'user' || n, 1700000000000 + n
FROM generate_series(1, 5) n;
"""
FLASK_SECURITY = """
CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY);
CREATE TABLE role (id serial PRIMARY KEY, name varchar(80) NOT NULL UNIQUE, permissions text);
CREATE TABLE "user" (id serial PRIMARY KEY, email varchar(255) NOT NULL UNIQUE, username varchar(255) UNIQUE,
    password varchar(255), active boolean NOT NULL, fs_uniquifier varchar(64) NOT NULL UNIQUE, confirmed_at timestamp,
    last_login_at timestamp, current_login_at timestamp, login_count integer, create_datetime timestamp NOT NULL DEFAULT now());
CREATE TABLE roles_users (user_id integer REFERENCES "user", role_id integer REFERENCES role);
CREATE TABLE web_authn (id serial PRIMARY KEY, credential_id bytea NOT NULL, user_id integer NOT NULL REFERENCES "user");
"""
#: A custom user model, a customer who is a user (multi-table inheritance), and what hangs on both.
INHERITED = """
CREATE TABLE django_content_type (id serial PRIMARY KEY, app_label varchar(100), model varchar(100));
CREATE TABLE people_person (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), username varchar(150) NOT NULL UNIQUE,
    email varchar(254) NOT NULL, password varchar(128) NOT NULL, is_active boolean NOT NULL, is_staff boolean NOT NULL,
    last_login timestamptz, date_joined timestamptz NOT NULL);
CREATE TABLE crm_customer (person_ptr_id uuid PRIMARY KEY REFERENCES people_person, segment varchar(10) NOT NULL);
CREATE TABLE crm_customercard (id bigserial PRIMARY KEY, customer_id uuid NOT NULL UNIQUE REFERENCES crm_customer,
    card_number varchar(20) NOT NULL, created_at timestamptz NOT NULL);
CREATE TABLE people_details (person_id uuid PRIMARY KEY REFERENCES people_person, phone varchar(30) NOT NULL,
    city varchar(60) NOT NULL,
    updated_at timestamptz NOT NULL);
CREATE TABLE people_person_groups (id serial PRIMARY KEY, person_id uuid REFERENCES people_person, group_id integer);
CREATE TABLE tagged_item (id serial PRIMARY KEY, content_type_id integer REFERENCES django_content_type,
    object_id varchar(255));
INSERT INTO people_person (username, email, password, is_active, is_staff, date_joined)
SELECT 'user' || n, 'user' || n || '@example.com', '!', true, false, now() FROM generate_series(1, 20) n;
INSERT INTO crm_customer SELECT id, 'a' FROM people_person WHERE username < 'user15';
INSERT INTO people_details SELECT id, '555', 'Town', now() FROM people_person;
"""
#: No foreign key anywhere, as some have it: users are meant by their number.
UNDECLARED = """
CREATE TABLE members (id integer PRIMARY KEY, login varchar(60), mail varchar(120), pass_hash varchar(64), joined integer);
CREATE TABLE member_details (id serial PRIMARY KEY, member_id integer, phone varchar(30), address varchar(100));
CREATE TABLE posts (id serial PRIMARY KEY, member_id integer, title varchar(100));
CREATE TABLE letters (id serial PRIMARY KEY, account_ref varchar(20), body text);
INSERT INTO members SELECT n * 3 + 1000, 'login' || n, 'user' || n || '@example.com', '!', 1700000000 + n
FROM generate_series(1, 30) n;
INSERT INTO member_details (member_id, phone, address)
SELECT n * 3 + 1000, CASE WHEN n % 3 > 0 THEN '555' END, CASE WHEN n % 3 > 0 THEN 'Street' END FROM generate_series(1, 28) n;
INSERT INTO posts (member_id, title) SELECT (n % 10 + 1) * 3 + 1000, 'post' FROM generate_series(1, 90) n;
INSERT INTO letters (account_ref, body) SELECT ((n % 10 + 1) * 3 + 1000)::text, 'text' FROM generate_series(1, 20) n;
"""
#: What other makers' tables look like, each with what must not be taken for a profile, or for the users.
NEXT_AUTH = """
CREATE TABLE "User" (id text PRIMARY KEY, name text, email text UNIQUE, "emailVerified" timestamp, image text,
    "createdAt" timestamp);
CREATE TABLE "Account" (id text PRIMARY KEY, "userId" text NOT NULL REFERENCES "User", provider text, "providerAccountId" text,
    access_token text);
CREATE TABLE "Session" (id text PRIMARY KEY, "userId" text NOT NULL REFERENCES "User", "sessionToken" text UNIQUE);
INSERT INTO "User" SELECT 'c' || n, 'Person', 'user' || n || '@example.com', NULL, NULL, now() FROM generate_series(1, 20) n;
INSERT INTO "Account" SELECT 'a' || n, 'c' || n, 'there', n, 'x' FROM generate_series(1, 20) n;
"""
ASP_NET = """
CREATE TABLE "AspNetUsers" ("Id" text PRIMARY KEY, "UserName" varchar(256), "NormalizedUserName" varchar(256) UNIQUE,
    "Email" varchar(256), "EmailConfirmed" boolean NOT NULL, "PasswordHash" text, "LockoutEnabled" boolean NOT NULL);
CREATE TABLE "AspNetRoles" ("Id" text PRIMARY KEY, "Name" varchar(256));
CREATE TABLE "AspNetUserRoles" ("UserId" text REFERENCES "AspNetUsers", "RoleId" text REFERENCES "AspNetRoles",
    PRIMARY KEY ("UserId", "RoleId"));
CREATE TABLE "UserProfiles" ("Id" bigserial PRIMARY KEY, "UserId" text NOT NULL REFERENCES "AspNetUsers", "PhoneNumber" text,
    "Address" text, "CreatedAt" timestamptz NOT NULL);
"""
#: The account is what the world sees, the user who logs in; and a user's statistics, of which each has a row.
FEDERATED = """
CREATE TABLE accounts (id bigserial PRIMARY KEY, username varchar NOT NULL, domain varchar, created_at timestamp NOT NULL);
CREATE TABLE users (id bigserial PRIMARY KEY, email varchar NOT NULL UNIQUE, encrypted_password varchar NOT NULL,
    account_id bigint NOT NULL REFERENCES accounts, created_at timestamp NOT NULL);
CREATE TABLE statuses (id bigserial PRIMARY KEY, account_id bigint NOT NULL REFERENCES accounts);
CREATE TABLE follows (id bigserial PRIMARY KEY, account_id bigint NOT NULL REFERENCES accounts);
CREATE TABLE user_stats (user_id bigint PRIMARY KEY REFERENCES users, posts_count integer NOT NULL DEFAULT 0);
CREATE TABLE user_roles (id bigserial PRIMARY KEY, user_id bigint REFERENCES users, role varchar);
CREATE TABLE notification_settings (id bigserial PRIMARY KEY, user_id bigint NOT NULL REFERENCES users, event varchar NOT NULL,
    enabled boolean NOT NULL, UNIQUE (user_id, event));
INSERT INTO accounts (username, created_at) SELECT 'u' || n, now() FROM generate_series(1, 20) n;
INSERT INTO users (email, encrypted_password, account_id, created_at) SELECT 'u' || n || '@example.com', '!', n, now()
FROM generate_series(1, 20) n;
INSERT INTO user_stats (user_id) SELECT n FROM generate_series(1, 19) n;
INSERT INTO notification_settings (user_id, event, enabled) SELECT n, 'all', true FROM generate_series(1, 20) n;
"""

-- An empty users table leaves every profile an orphan.
CREATE TABLE person (id uuid PRIMARY KEY, name text, email text, joined timestamptz);
CREATE TABLE member (id bigint PRIMARY KEY, person_id uuid, made timestamptz);
INSERT INTO member VALUES (5000000000, 'AAAAAAAA-0000-0000-0000-000000000001', '2024-01-01 00:00:00+00');

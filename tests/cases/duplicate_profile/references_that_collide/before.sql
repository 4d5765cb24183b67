-- One note a day: the loser's note of the first is a victim. A card is keyed by its member: both have one, so one must go,
-- and the stamp on it goes to the survivor's. A member names the member who invited it.
CREATE TABLE person (id integer PRIMARY KEY, name text, email text, joined timestamptz);
CREATE TABLE member (
  id integer PRIMARY KEY, person_id integer, made timestamptz, phone text, invited_by integer REFERENCES member
);
CREATE TABLE note (id integer PRIMARY KEY, member_id integer REFERENCES member, day date, UNIQUE (member_id, day));
CREATE TABLE card (member_id integer PRIMARY KEY REFERENCES member, color text);
CREATE TABLE stamp (id integer PRIMARY KEY, card_id integer NOT NULL REFERENCES card);
INSERT INTO person VALUES (1, 'a', NULL, NULL), (2, 'b', NULL, NULL);
INSERT INTO member VALUES
  (1, 1, '2024-01-01 00:00Z', '5', NULL), (2, 1, '2024-01-02 00:00Z', NULL, 1), (3, 2, NULL, '7', 2);
INSERT INTO note VALUES (1, 1, '2024-02-01'), (2, 2, '2024-02-01'), (3, 2, '2024-02-02'), (4, 2, NULL);
INSERT INTO card VALUES (1, 'red'), (2, 'blue'), (3, 'red');
INSERT INTO stamp VALUES (1, 2), (2, 3);

-- drawn: member.id [1-9]\d*
-- drawn: member.made now
INSERT INTO member (person_id, made) VALUES (1, now());

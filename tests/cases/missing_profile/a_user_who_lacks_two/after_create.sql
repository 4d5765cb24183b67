-- drawn: member.id [1-9]\d*
-- drawn: member.made now
-- drawn: worker.id [1-9]\d*
-- drawn: worker.made now
INSERT INTO member (person_id, made) VALUES (1, now());
INSERT INTO worker (person_id, made) VALUES (1, now());

-- drawn: worker.id [1-9]\d*
-- drawn: worker.made now
INSERT INTO worker (person_id, made) VALUES (1, now());

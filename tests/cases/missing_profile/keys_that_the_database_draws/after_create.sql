-- drawn: member.id [1-9]\d*
-- drawn: member.made now
-- drawn: worker.id uuid4
-- drawn: worker.made now
INSERT INTO member (person_id) VALUES ('00000000-0000-0000-0000-00000000000a');
INSERT INTO worker (person_id) VALUES ('00000000-0000-0000-0000-00000000000a');

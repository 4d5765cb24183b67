-- drawn: member.id [1-9]\d*
-- drawn: member.made now
-- drawn: member.barcode uuid4
INSERT INTO member (person_id, made, company, barcode, can_invite) VALUES
  (1, now(), '', '00000000-0000-4000-8000-000000000001', false), (4, now(), '', '00000000-0000-4000-8000-000000000004', false);

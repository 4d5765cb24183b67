-- drawn: worker.id [1-9]\d*
-- drawn: worker.barcode uuid4
INSERT INTO worker (person_id, made, phone, department, barcode)
VALUES (1, '2024-01-01 00:00Z', '5', 'new', '00000000-0000-4000-8000-000000000001');
DELETE FROM member WHERE id = 50;

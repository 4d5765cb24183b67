"""The fix's data migration: remove the duplicates that an older schema let in; then one constraint for all rows."""

from django.db import migrations

SURVIVORS = """
    CREATE TEMPORARY TABLE duplicate AS
    SELECT id, first_value(id) OVER (PARTITION BY user_id ORDER BY phone_number = '' AND address = '', id) AS survivor
    FROM accounts_customerprofile
"""
MOVE_SHIPMENTS = """
    UPDATE accounts_shipment SET customer_id = survivor FROM duplicate
    WHERE customer_id = duplicate.id AND survivor <> duplicate.id
"""
REMOVE = """
    DELETE FROM accounts_customerprofile USING duplicate
    WHERE accounts_customerprofile.id = duplicate.id AND survivor <> duplicate.id
"""
ONE_CONSTRAINT = """
    DO $$ BEGIN
        IF NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conname = 'accounts_customerprofile_user_id_key') THEN
            DROP INDEX IF EXISTS accounts_customerprofile_user_id_key;
            ALTER TABLE accounts_customerprofile
                ADD CONSTRAINT accounts_customerprofile_user_id_key UNIQUE (user_id);
        END IF;
    END $$
"""


class Migration(migrations.Migration):
    atomic = False  # the constraint cannot be added while the deletion's triggers are pending
    dependencies = [("accounts", "0001_initial")]
    operations = [
        migrations.RunSQL([SURVIVORS, MOVE_SHIPMENTS, REMOVE, "DROP TABLE duplicate"], migrations.RunSQL.noop),
        migrations.RunSQL(ONE_CONSTRAINT, migrations.RunSQL.noop),
    ]

"""The fix's data migration: remove the duplicates that an older schema let in; then one constraint for all rows."""

from django.db import migrations

KEEP_THE_OLDEST = """
    DELETE FROM accounts_customerprofile AS later
    USING accounts_customerprofile AS first
    WHERE first.user_id = later.user_id AND first.id < later.id
      AND NOT EXISTS (SELECT 1 FROM accounts_shipment WHERE customer_id = later.id)
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
        migrations.RunSQL(KEEP_THE_OLDEST, migrations.RunSQL.noop),
        migrations.RunSQL(ONE_CONSTRAINT, migrations.RunSQL.noop),
    ]

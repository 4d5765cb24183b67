"""The fix's data migration: remove the duplicates that an older schema let in; then one constraint for all rows."""

from django.db import migrations

from racelab.by_vendor import sql

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
#: SQLite joins neither in an UPDATE as Django's projects know it, nor in a DELETE. A constraint of the table's own cannot
#: be dropped there; the index beside it is what spared the older rows.
ON_SQLITE = [
    SURVIVORS,
    """
    UPDATE accounts_shipment SET customer_id = (SELECT survivor FROM duplicate WHERE duplicate.id = customer_id)
    WHERE customer_id IN (SELECT id FROM duplicate WHERE survivor <> id)
    """,
    "DELETE FROM accounts_customerprofile WHERE id IN (SELECT id FROM duplicate WHERE survivor <> id)",
    "DROP TABLE duplicate",
    "DROP INDEX IF EXISTS accounts_customerprofile_user_id_key",
    "CREATE UNIQUE INDEX accounts_customerprofile_user_id_key ON accounts_customerprofile (user_id)",
]


class Migration(migrations.Migration):
    atomic = False  # the constraint cannot be added while the deletion's triggers are pending
    dependencies = [("accounts", "0001_initial")]
    operations = [
        sql([SURVIVORS, MOVE_SHIPMENTS, REMOVE, "DROP TABLE duplicate", ONE_CONSTRAINT], ON_SQLITE),
    ]

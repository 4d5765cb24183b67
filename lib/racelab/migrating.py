"""Bring the database of one project to a named migration: ``python -m racelab.migrating LABEL MIGRATION``.

All contributed applications go to their newest migration, in the same single pass.
"""

import sys

import django
from django.core.management.sql import emit_post_migrate_signal
from django.db import connection
from django.db.migrations.executor import MigrationExecutor


def migrate(label: str, migration: str) -> None:
    executor = MigrationExecutor(connection)
    others = [target for target in executor.loader.graph.leaf_nodes() if target[0] != label]
    executor.migrate([*others, (label, migration)])
    emit_post_migrate_signal(verbosity=0, interactive=False, db="default")


if __name__ == "__main__":
    django.setup()
    migrate(*sys.argv[1:])

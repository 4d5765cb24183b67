"""The fix: one account a person, whatever the spelling. It builds only where the duplicates have been repaired."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("website", "0001_initial")]

    operations = [
        migrations.RunSQL(
            f"CREATE UNIQUE INDEX website_account_{column}_lower ON website_account (lower({column}))",
            f"DROP INDEX website_account_{column}_lower",
        )
        for column in ("username", "email")
    ]

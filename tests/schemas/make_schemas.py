"""Writes PACKAGE.json: the tables that a real package's own migrations make, as facts of the catalogue.

    python make_schemas.py PACKAGE postgresql://USER@HOST/EMPTY_DATABASE > PACKAGE.json

It needs the package itself (see README.md), Django where that is one of Django's, and psycopg2; nothing of mendbook. No line of
anybody's SQL or code is kept: names, types, what may be NULL, keys and unique indexes.
"""

import importlib
import json
import sys
from importlib.metadata import version
from urllib.parse import parse_qs, unquote, urlsplit

CONTRIB = ["admin", "auth", "contenttypes", "sessions", "messages", "sites", "flatpages", "staticfiles"]
OSCAR = "analytics:AnalyticsConfig checkout:CheckoutConfig address:AddressConfig shipping:ShippingConfig"
OSCAR += " catalogue:CatalogueConfig catalogue.reviews:CatalogueReviewsConfig communication:CommunicationConfig"
OSCAR += " partner:PartnerConfig basket:BasketConfig payment:PaymentConfig offer:OfferConfig order:OrderConfig"
OSCAR += " customer:CustomerConfig search:SearchConfig voucher:VoucherConfig wishlists:WishlistsConfig"
OSCAR += " dashboard:DashboardConfig"
OSCAR += "".join(
    f" dashboard.{name}:{name.title()}DashboardConfig" for name in ("reports", "users", "orders", "catalogue", "offers")
)
OSCAR += "".join(f" dashboard.{name}:{name.title()}DashboardConfig" for name in ("partners", "pages", "ranges", "reviews"))
OSCAR += "".join(f" dashboard.{name}:{name.title()}DashboardConfig" for name in ("vouchers", "communications", "shipping"))

PROCESSORS = [f"django.{name}" for name in ("template.context_processors.request", "contrib.auth.context_processors.auth")]
PROCESSORS += ["sekizai.context_processors.sekizai", "cms.context_processors.cms_settings"]

#: The applications of Django's that each brings, beside Django's own, and settings that it needs.
DJANGO = {
    "django-allauth": (
        [
            *("allauth", "allauth.account", "allauth.socialaccount", "allauth.mfa", "allauth.usersessions"),
            *("rest_framework", "rest_framework.authtoken", "social_django", "guardian", "django_otp", "simple_history"),
            "django_otp.plugins.otp_totp",
        ],
        {"MIDDLEWARE": ["allauth.account.middleware.AccountMiddleware"]},
    ),
    "wagtail": (
        [
            *(f"wagtail.{name}" for name in ("contrib.forms", "contrib.redirects", "embeds", "sites", "users", "snippets")),
            *(f"wagtail.{name}" for name in ("documents", "images", "search", "admin")),
            *("wagtail", "modelcluster", "taggit"),
        ],
        {"WAGTAIL_SITE_NAME": "site", "WAGTAILADMIN_BASE_URL": "http://localhost"},
    ),
    "django-oscar": (
        [
            *(f"oscar.apps.{one.partition(':')[0]}.apps.{one.partition(':')[2]}" for one in OSCAR.split()),
            *("oscar.config.Shop", "treebeard", "widget_tweaks", "haystack", "sorl.thumbnail", "django_tables2"),
        ],
        {"HAYSTACK_CONNECTIONS": {"default": {"ENGINE": "haystack.backends.simple_backend.SimpleEngine"}}},
    ),
    "django-cms": (["cms", "menus", "treebeard", "sekizai"], {"CMS_CONFIRM_VERSION4": True, "LANGUAGES": [("en", "English")]}),
    "django-machina": (
        [
            *("mptt", "haystack", "widget_tweaks", "machina"),
            *(
                f"machina.apps.{name}"
                for name in (
                    *("forum", "forum_conversation", "forum_conversation.forum_attachments", "forum_conversation.forum_polls"),
                    *("forum_feeds", "forum_moderation", "forum_search", "forum_tracking", "forum_member", "forum_permission"),
                )
            ),
        ],
        {"HAYSTACK_CONNECTIONS": {"default": {"ENGINE": "haystack.backends.simple_backend.SimpleEngine"}}},
    ),
    "django-user-accounts": (["account"], {}),
}


def migrate(package: str, url: str) -> None:
    """Run the migrations of ``package`` and of Django's own applications."""
    from django.conf import settings

    if package == "django-oscar":
        from oscar.defaults import __dict__ as defaults

        settings_of_its_own = {name: value for name, value in defaults.items() if name.isupper()}
    else:
        settings_of_its_own = {}
    parts = urlsplit(url)
    host = parse_qs(parts.query).get("host", [parts.hostname or ""])[0]
    applications, more = DJANGO[package]
    settings.configure(
        SECRET_KEY="of no use",
        USE_TZ=True,
        SITE_ID=1,
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        STATIC_URL="/static/",
        INSTALLED_APPS=[*(f"django.contrib.{name}" for name in CONTRIB), *applications],
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "APP_DIRS": True,
                "OPTIONS": {"context_processors": PROCESSORS},
            }
        ],
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.postgresql",
                "NAME": unquote(parts.path[1:]),
                "USER": parts.username,
                "HOST": host,
            }
        },
        **{**settings_of_its_own, **more},
    )
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0, skip_checks=True)


def create_all(package: str, url: str) -> None:
    """Let a package that has models of SQLAlchemy's make its own tables."""
    url = url.replace("postgresql:", "postgresql+psycopg2:")
    if package == "jupyterhub":
        from jupyterhub import orm

        orm.Base.metadata.create_all(importlib.import_module("sqlalchemy").create_engine(url))
        return
    flask, builder = importlib.import_module("flask"), importlib.import_module("flask_appbuilder")
    app = flask.Flask("made")
    app.config.update(SQLALCHEMY_DATABASE_URI=url, SECRET_KEY="of no use", RATELIMIT_STORAGE_URI="memory://")
    app.config["WTF_CSRF_ENABLED"] = False
    made = importlib.import_module("flask_appbuilder.utils.legacy").get_sqla_class()(app)
    with app.app_context():
        builder.AppBuilder(app, made.session)
        builder.Model.metadata.create_all(made.engine)


COLUMNS = """
    SELECT n.nspname, c.relname, a.attname, format_type(a.atttypid, a.atttypmod), NOT a.attnotnull,
           a.atthasdef OR a.attidentity <> '',
           a.attidentity <> '' OR coalesce(pg_get_expr(d.adbin, d.adrelid), '') LIKE 'nextval%'
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
    WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema') ORDER BY n.nspname, c.relname, a.attnum"""
UNIQUE = """
    SELECT n.nspname, c.relname, i.indisprimary,
           ARRAY(SELECT a.attname::text FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k(n, o)
                 JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.n ORDER BY k.o)
    FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'r' AND i.indisunique AND i.indpred IS NULL AND i.indexprs IS NULL
      AND n.nspname NOT LIKE 'pg\\_%' ORDER BY 1, 2, 4"""
REFERENCES = """
    SELECT n.nspname, c.relname, t.relname,
           ARRAY(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY AS u(n, o)
                 JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = u.n ORDER BY u.o),
           ARRAY(SELECT a.attname::text FROM unnest(k.confkey) WITH ORDINALITY AS u(n, o)
                 JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = u.n ORDER BY u.o)
    FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_class t ON t.oid = k.confrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace WHERE k.contype = 'f' ORDER BY 1, 2, 4"""


def facts(url: str) -> dict:
    """{table: {columns, primary, unique, references}} of every table there."""
    import psycopg2

    connection = psycopg2.connect(url)
    cursor = connection.cursor()
    tables: dict = {}
    cursor.execute(COLUMNS)
    for schema, table, name, kind, nullable, default, draws in cursor.fetchall():
        called = table if schema == "public" else f"{schema}.{table}"
        own = tables.setdefault(called, {"columns": [], "primary": [], "unique": [], "references": []})
        own["columns"].append(
            [name, kind, *(["null"] if nullable else []), *(["draws"] if draws else ["default"] if default else [])]
        )
    cursor.execute(UNIQUE)
    for schema, table, primary, columns in cursor.fetchall():
        own = tables[table if schema == "public" else f"{schema}.{table}"]
        own["primary" if primary else "unique"] = columns if primary else [*own["unique"], columns]
    cursor.execute(REFERENCES)
    for schema, table, target, columns, theirs in cursor.fetchall():
        tables[table if schema == "public" else f"{schema}.{table}"]["references"].append([columns, target, theirs])
    return tables


def main() -> None:
    package, url = sys.argv[1:]
    if package in DJANGO:
        migrate(package, url)
    else:
        create_all(package, url)
    names = [package, *(["django"] if package in DJANGO else ["sqlalchemy"])]
    made = {"package": {name: version(name) for name in names}, "tables": facts(url)}
    lines = [f"  {json.dumps(name)}: {json.dumps(table)}" for name, table in sorted(made["tables"].items())]
    print('{"package": ' + json.dumps(made["package"]) + ', "tables": {\n' + ",\n".join(lines) + "\n}}")


if __name__ == "__main__":
    main()

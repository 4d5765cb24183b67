"""Which columns of a users' table play which part: user name, e-mail, created, last login, active, password, privileged.

By name and type, and by what sampled rows show where two would do. Values only.
"""

from __future__ import annotations

from dataclasses import dataclass

from mendbook.dialects import Column, Relation
from mendbook.guessing import FEW_ROWS, Line, Sample, alone_unique, text_blank
from mendbook.guessing.names import listed, plain, singular

USERNAME = listed("""
    username userlogin login loginname accountname screenname userid handle nickname nick uname usercode logonname
    name
""")
EMAIL = listed("email emailaddress emailaddr mail mailaddress primaryemail loginemail emailid")
CREATED = listed("""
    datejoined createdat createdon created datecreated createddate creationdate createtime createdtime registeredat
    registeredon registered registrationdate dateregistered joinedat joined joindate signupdate signedupat
    insertedat insertedon insertdate createdtimestamp adddate dateadded addedat addedon creationtime createdutc ctime
    membersince timecreated createdatetime creationdatetime datetimecreated createdate
""")
#: Of these, what people may have in common where nothing makes it unique: no name to log in with.
SHARED = frozenset(listed("nick nickname handle screenname name"))
LAST_LOGIN = listed("""
    lastlogin lastloginat lastlogintime lastlogindate lastloginon currentsigninat lastsigninat currentloginat
    lastloggedin lastloggedinat loggedinat loginat lastseen lastseenat lastactivity lastactivityat lastactiveat
    lastvisit lastaccess login
""")
#: Of these, what stands there is activity, not a login as such.
SEEN = frozenset(listed("lastseen lastseenat lastactivity lastactivityat lastactiveat lastvisit lastaccess"))
ACTIVE = listed("isactive active enabled isenabled activated isactivated accountenabled")
PASSWORD = listed("""
    password passwordhash hashedpassword encryptedpassword cryptedpassword passworddigest passwd pwd passhash
    userpass pwhash passwordenc encpassword hash pass
""")
#: What a password is called, in names of columns; those of some other languages, too, for none of them may be read.
_SECRETS = listed("""
    password secret passwd apikey privatekey passwort kennwort motdepasse contrasena contrasea senha wachtwoord haslo
    adgangskode losenord parolahash sifre
""")
PRIVILEGED = listed("""
    isstaff issuperuser isadmin admin superuser staff ismoderator moderator isowner isroot ismanager siteadmin
    isadministrator issuperadmin superadmin sysadmin
""")
INVERSE = listed("""
    disabled isdisabled locked islocked banned isbanned blocked isblocked deleted isdeleted suspended deletedat
""")

_FAMILIES = {
    "username": {"text"},
    "email": {"text"},
    "created": {"time", "integer"},
    "last_login": {"time", "integer"},
    "active": {"boolean", "integer"},
    "password": {"text", "other"},
}
_NAMES = {
    "username": USERNAME,
    "email": EMAIL,
    "created": CREATED,
    "last_login": LAST_LOGIN,
    "active": ACTIVE,
    "password": PASSWORD,
}
_WORDS = {
    "username": "the name people log in with",
    "email": "the e-mail address",
    "created": "when the account was made",
    "last_login": "the latest login; ghost accounts are those without one",
    "active": "whether the account may be used",
    "password": "the password's hash: never shown, and not read here",
}


@dataclass(frozen=True, slots=True)
class Roles:
    """The columns that play each part, the best first; ``privileged`` all of them."""

    columns: dict[str, tuple[str, ...]]
    privileged: tuple[str, ...]

    def first(self, role: str) -> str | None:
        return next(iter(self.columns[role]), None)


def ranked(relation: Relation, names: list[str], families: set[str]) -> list[str]:
    """The columns that are called like one of ``names`` and are of such a type, in the order of ``names``.

    ``user_email`` of a table users is called email.
    """
    places: list[tuple[int, str]] = []
    for column in relation.columns.values():
        place = min((names.index(each) for each in _called(relation, column.name) if each in names), default=None)
        if place is not None and column.family in families and not column.generated:
            places.append((place, column.name))
    return [name for _, name in sorted(places)]


def _called(relation: Relation, column: str) -> tuple[str, str]:
    """The column's name, and what is left of it without the table's."""
    table, called = singular(plain(relation.name.rpartition("_")[2])), plain(column)
    return called, called.removeprefix(table) if called != table else called


def _matched(relation: Relation, column: str, names: list[str]) -> str | None:
    return next((each for each in _called(relation, column) if each in names), None)


def roles(relation: Relation) -> Roles:
    """What plays which part in ``relation``, were it the table of users."""
    columns = {role: tuple(ranked(relation, names, _FAMILIES[role])) for role, names in _NAMES.items()}
    bound = {name for key in relation.foreign_keys for name in key.columns}  # user_id is another's key, no name to log in with
    columns["username"] = tuple(
        name
        for name in columns["username"]
        if name not in bound and (alone_unique(relation, name) or _matched(relation, name, USERNAME) not in SHARED)
    )
    return Roles(columns, tuple(ranked(relation, PRIVILEGED, {"boolean", "integer"})))


def key_of(relation: Relation) -> str | None:
    """The column that names each row once: the primary key, else a unique one that may not be NULL."""
    if len(relation.primary_key) == 1:
        return relation.primary_key[0]
    unique = [name for name, column in relation.columns.items() if not column.nullable and alone_unique(relation, name)]
    return next((name for name in unique if name == "id"), unique[0] if unique else None)


def part_key(relation: Relation, sample: Sample) -> str | None:
    """Where several columns are the primary key: the one of them that names each of the rows read alone, as an id does that
    goes on through all tenants; None where they are too few to tell."""
    if key_of(relation) is not None or len(sample.rows) < 2 * FEW_ROWS:
        return None
    found = [
        name
        for name in relation.primary_key
        if relation.columns[name].readable and len({row.get(name) for row in sample.rows} - {None}) == len(sample.rows)
    ]
    return next((name for name in found if name == "id"), found[0] if found else None)


def is_secret(column: Column) -> bool:
    """Its values are nobody's to read here."""
    called = plain(column.name)
    return called in PASSWORD or any(word in called for word in _SECRETS)


def lines(relation: Relation, found: Roles, sample: Sample, apart: str | None, logs: bool) -> list[Line]:
    """The lines of [users] below its table and key. ``apart`` names the column that parts people of the same e-mail (a realm)
    where sampled rows show that it does; ``logs`` says that logs are named, by which accounts without a login become ghosts."""
    written = []
    for role in _NAMES:
        column = _in_use(found, role, sample)
        others = tuple(each for each in found.columns[role] if each != column)
        if column is None:
            looked = "" if role not in ("active",) else _inverse(relation)
            written.append(Line(role, None, f"no column looks like it: {_WORDS[role]}.{looked}", active=False))
            continue
        line = Line(role, column, _reason(role, relation.columns[column], sample), others)
        if apart and role in ("username", "email"):
            reason = f"left out: the same one stands in several {apart}, where it is another person's. {_WORDS[role]}."
            line = Line(role, column, reason, others, active=False)
        elif role == "last_login" and _nobody_ever(sample, column):
            said = f"of {len(sample.rows)} users read none has one"
            if logs:
                reason = f"left out: {said}, so it does not tell whether somebody came back."
                line = Line(role, column, reason, others, active=False)
            else:
                reason = f"{_reason(role, relation.columns[column], sample)} But {said}: where the application never writes it,"
                line = Line(role, column, f"{reason} take the line out before you name logs.", others)
        written.append(line)
    if found.privileged:
        reason = "booleans that make somebody more than a user: merging or deactivating such an account is blocked until waived"
        written.append(Line("privileged", list(found.privileged), f"{reason}."))
    return written


def _in_use(found: Roles, role: str, sample: Sample) -> str | None:
    """The column of a part: the best by its name; for logins, the best that tells of anybody's, where one does."""
    named = found.columns[role]
    used = (each for each in named if role == "last_login" and not _nobody_ever(sample, each))
    return next(used, found.first(role))


def _reason(role: str, column: Column, sample: Sample) -> str:
    more = ""
    if sample.rows and role in ("username", "email"):
        blank = sum(text_blank(value) for value in sample.values(column.name)) if column.readable else 0
        more = f", blank in {blank} of {len(sample.rows)} rows read" if blank else f", set in all {len(sample.rows)} rows read"
    if role == "last_login" and plain(column.name) in SEEN:
        more = ", of activity rather than logins"
    if column.family == "integer" and role in ("created", "last_login"):
        more += ", read as seconds or milliseconds since 1970"
        never = sum(value == 0 for value in sample.values(column.name))
        if never and role == "last_login":
            more += f", and 0 in {never} of {len(sample.rows)} rows read, who are not told as having none"
    return f"by its name and type ({column.type}){more}: {_WORDS[role]}."


def _nobody_ever(sample: Sample, column: str) -> bool:
    return len(sample.rows) >= 2 * FEW_ROWS and all(value is None for value in sample.values(column))


def _inverse(relation: Relation) -> str:
    there = ranked(relation, INVERSE, {"boolean", "integer", "time"})
    return f" {', '.join(there)} says the reverse, which active cannot." if there else ""

"""Which two writers race, as the rows tell it, and the code that keeps them from doing so: short, with the names filled in.

An index refuses the second writer; what that writer then does is the application's. docs/guard.md has the long form.
Reads rows by the finders' own statements, and says nothing about any person.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from statistics import median
from typing import Any

import sqlalchemy as sa

from mendbook.audits.audit import left_out
from mendbook.audits.gaps import pairs
from mendbook.damage import catalogue
from mendbook.database import Snapshot
from mendbook.dialects.building import Building
from mendbook.mapping.tables import ProfileTable, UserTable

#: Of so many double creations the gaps are looked at; the share of each signature is no other in a million.
MOST_PAIRS = 10_000
OF_PROFILES = ("duplicate_profile", "blank_profile", "wrong_profile", "duplicate_code", "orphan_profile", "null_flag")


@dataclass(frozen=True, slots=True)
class Advice:
    """What to change in the code that writes one table.

    about     table.column, by which the database shall decide
    writers   who races whom, a sentence
    evidence  what the rows told: {signatures: {signature: cases}, median_seconds, and kinds of damage with their cases}
    steps     what to do, a sentence each
    django    the same as Django's code;  sql  and as one statement with %s for values
    """

    about: str
    profile: str | None
    writers: str
    evidence: dict[str, Any] = field(default_factory=dict)
    steps: tuple[str, ...] = ()
    django: str = ""
    sql: str = ""


def code_advice(snapshot: Snapshot, building: Building, django: bool = False) -> tuple[Advice, ...]:
    """For each profile table and for the users, what its writers should do. Kinds that cannot be looked for tell nothing.

    Django's code is told where the database is a Django project's, or where ``django`` says so.
    """
    tables = snapshot.tables
    theirs = django or snapshot.dialect.generic(snapshot.connection, tables.users.relation.schema) is not None
    users = [_of_users(snapshot, building)] if tables.users.mapping.email or tables.users.mapping.username else []
    every = (*(_of_profile(snapshot, building, profile) for profile in tables.profiles), *users)
    return every if theirs else tuple(replace(each, django="") for each in every)


def _of_profile(snapshot: Snapshot, building: Building, profile: ProfileTable) -> Advice:
    own, name = profile.mapping, profile.profile
    evidence = _evidence(snapshot, name, OF_PROFILES)
    steps = [
        "The signal and the view both get or create the row, in one transaction with the user's; neither only creates.",
        "The view then updates the row with the form's values: whoever came first, they are kept.",
        "What others see (mails, labels, calls to other servers) waits for transaction.on_commit.",
    ]
    if own.required_for:
        named, wrong = ", ".join(own.required_for), evidence.get("wrong_profile", 0)
        found = f" ({wrong:,} rows here are of people who should have none)" if wrong else ""
        steps.append(f"{named} is set before the user is first saved, or a signal takes the person for another{found}.")
    for code in own.codes:
        steps.append(
            f"{code} is drawn once, by whoever made the row, and written by the insert or under a lock; "
            "reading the highest and adding one hands out the same one twice."
        )
    for flag in own.flags:
        steps.append(f"{flag} is NOT NULL with a default, by a migration that runs before the code that relies on it.")
    if evidence.get("orphan_profile"):
        steps.append("Users are deleted through the application, or by a foreign key that says what goes with them.")
    model = _model(profile.relation.name)
    form = [column for column in own.filled if profile.has(column)]
    lines = [
        f"# {model}: the model of the table {profile.relation.name}",
        "with transaction.atomic():",
        f"    row, _ = {model}.objects.get_or_create({_given(own.user, 'user.pk')})  # the signal, and the view",
    ]
    if form:
        values = ", ".join(_given(column, column) for column in form)
        lines.append(f"    {model}.objects.filter(pk=row.pk).update({values})  # the view alone")
    sql = building.upsert(profile.relation, own.user, False, [own.user, *form], form)
    about = f"{profile.name}.{own.user}"
    return Advice(about, name, _profile_writers(evidence, profile.name), evidence, tuple(steps), "\n".join(lines), sql)


def _of_users(snapshot: Snapshot, building: Building) -> Advice:
    users, own = snapshot.tables.users, snapshot.tables.users.mapping
    column = own.email or own.username or own.key
    evidence = _evidence(snapshot, None, ("duplicate_user",))
    cases = evidence.get("duplicate_user", 0)
    gap = evidence.get("median_seconds")
    found = f": {cases:,} {'person has' if cases == 1 else 'people have'} several accounts" if cases else ""
    apart = f", made {_seconds(gap)} apart (the median)" if cases and gap is not None else ""
    writers = f"Two requests of one person, each of which looks for the account first and finds none{found}{apart}."
    names = [name for name in (own.username, own.email) if name is not None]
    stripped = f"{' and '.join(names)} {'is' if len(names) == 1 else 'are'}"
    steps = (
        f"The insert decides, not the look before it: the unique index on {' and on '.join(names)} refuses the second.",
        "That refusal is no failure: roll back to the savepoint, and answer as to a person who has an account.",
        f"{stripped} stripped (of all white space, not of blanks alone) before anything is written or looked for.",
        "Nobody is logged into an account that was there before: who types an address has not shown that it is theirs.",
        "The answer tells a stranger nothing: who has an account is told by mail, to its address.",
    )
    given = ", ".join(_given(name, f"{name}.strip()") for name in names)
    sought = _given(f"{column}__iexact", f"{column}.strip()")
    lines = [
        "try:",
        "    with transaction.atomic():",
        f"        user = User.objects.create_user({given}, password=password)",
        "except IntegrityError:  # the person's other request, an older account, or a name that somebody else has",
        f"    there = User.objects.filter({sought}).first()",
    ]
    sql = building.upsert(users.relation, column, True, names, ())
    return Advice(f"{users.name}.{column}", None, writers, evidence, steps, "\n".join(lines), sql)


def _profile_writers(evidence: dict[str, Any], table: str) -> str:
    """Who raced, as far as the rows tell: a blank row is the signal's, a filled one the form's."""
    signatures: dict[str, int] = evidence.get("signatures", {})
    total, blank = sum(signatures.values()), evidence.get("blank_profile", 0)
    sentences = []
    if total:
        most, count = max(signatures.items(), key=lambda each: each[1])
        gap = f" {_seconds(evidence['median_seconds'])} later (the median)"
        told = {
            "signal first": f"the older row is blank, a signal's (or a trigger's), and the form's came{gap}",
            "form first": f"the older row is the form's, and a blank one, a signal's, came{gap}",
            "both filled": f"both rows are filled: the form was handled twice, the second time{gap}",
            "both blank": f"both rows are blank, the second came{gap}: the form's data is in neither",
        }.get(most, f"a second row came{gap}; the mapping names no columns by which to tell whose")
        sentences.append(f"In {count:,} of {total:,} double rows of {table} {told}.")
    if blank:
        sentences.append(
            f"{blank:,} rows of {table} are blank, as a signal makes them: where an index forbade a second row, the form's "
            "insert was refused and its data lost."
        )
    return " ".join(sentences) or (
        f"A signal on the users and the view that handles the form: whichever comes second to {table} must not insert."
    )


def _evidence(snapshot: Snapshot, profile: str | None, kinds: Sequence[str]) -> dict[str, Any]:
    """How many cases of each kind there are, and, of double creations, who made which row, and how far apart."""
    told: dict[str, Any] = {}
    every = catalogue()
    out = {(each.kind, each.profile) for each in left_out(snapshot.tables, [every[name] for name in kinds])}
    for name in kinds:
        if (name, None) in out or (name, profile) in out or _closed(snapshot, profile):
            continue
        cases = sum(_cases(snapshot, select, profile) for select in every[name].find(snapshot.tables))
        if cases:
            told[name] = cases
        if cases and every[name].pairs and name != "duplicate_code":
            told |= _signatures(snapshot, every[name].find(snapshot.tables), profile)
    return told


def _closed(snapshot: Snapshot, profile: str | None) -> bool:
    """Whether this role may not read what the finders would."""
    tables = snapshot.tables
    mapped: list[UserTable | ProfileTable] = [tables.users, *(p for p in tables.profiles if p.profile == profile)]
    names = {table.name for table in mapped}
    if any(each.rpartition(".")[0] in names for each in tables.unreadable()):
        return True
    return any(snapshot.dialect.hides_rows(snapshot.connection, table.relation) for table in mapped)


def _cases(snapshot: Snapshot, select: sa.Select[Any], profile: str | None) -> int:
    every = select.subquery("every")
    counted = sa.select(sa.func.count(sa.distinct(every.c.case_key)))
    if profile is not None:
        counted = counted.where(every.c.profile == profile)
    return int(snapshot.connection.execute(counted).scalar_one())


def _signatures(snapshot: Snapshot, selects: Sequence[sa.Select[Any]], profile: str | None) -> dict[str, Any]:
    signatures: Counter[str] = Counter()
    seconds: list[float] = []
    for select in selects:
        every = select.subquery("every")
        own = sa.select(every).order_by(every.c.case_key, every.c["rank"])
        own = own if profile is None else own.where(every.c.profile == profile)
        with snapshot.connection.execute(own, execution_options={"stream_results": True, "yield_per": 1000}) as rows:
            for *_, gap, signature, _ in islice(pairs(rows), MOST_PAIRS):
                signatures[signature] += 1
                seconds.append(gap)
    return {"signatures": dict(signatures), "median_seconds": median(seconds)} if seconds else {}


def _seconds(gap: float | None) -> str:
    if gap is None:
        return ""
    return f"{gap * 1000:,.0f} ms" if gap < 1 else f"{gap:,.1f} s" if gap < 120 else f"{gap / 60:,.0f} minutes"


def _given(name: str, value: str) -> str:
    """An argument of a call; a column whose name is no name in Python is given as a text."""
    if name.isidentifier():
        return f"{name}={value}"
    return f"**{{{name!r}: {value if value.partition('.')[0].isidentifier() else 'value'}}}"


def _model(table: str) -> str:
    """A class name for the table, as Django would have made the table's name of it: what follows the app's."""
    return table.partition("_")[2].title().replace("_", "") or table.title()

"""The lines of one profile's block: created, filled, codes, flags, defaults, each with what the rows show.

Values only. Where rows and names say nothing, the line is left out or a comment: a wrong line makes sound rows look damaged.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from mendbook.dialects import Column, Relation
from mendbook.guessing import FEW_ROWS, Line, SampledRow, alone_unique, share, text_blank
from mendbook.guessing.code_forms import code_form, looks_like_code
from mendbook.guessing.names import GRANTING_WORDS, KIND_WORDS, OPEN_WORDS, OPTION_WORDS, asked_for, listed, plain, words
from mendbook.guessing.user_columns import CREATED, ranked

UPDATED = listed("""
    updatedat updated modified modifiedat lastmodified changedat updatedon modifiedon changedon dateupdated
""")
#: What the form asks for is there together, or not at all, in so many of the rows that have any of it.
TOGETHER = 0.85
#: One column alone tells of lost data where no more rows than these are blank; else it may be left open.
MOST_BLANK = 0.6


@dataclass
class Columns:
    """The columns of one table that play no part yet; each line takes its own away."""

    relation: Relation
    rows: Sequence[SampledRow]
    taken: set[str] = field(default_factory=set)
    #: those of them that get their value in a new row from elsewhere
    given: set[str] = field(default_factory=set)
    #: the time by the database's clock, for columns that need one and get none
    now: str = ""

    def left(self, families: Collection[str]) -> list[Column]:
        bound = {name for key in self.relation.foreign_keys for name in key.columns}
        return [
            column
            for column in self.relation.columns.values()
            if column.family in families
            and column.readable
            and not column.generated
            and column.name not in self.taken | bound | set(self.relation.primary_key)
        ]

    def values(self, column: str) -> list[object]:
        return [row.get(column) for row in self.rows]


def lines(relation: Relation, user: str, rows: Sequence[SampledRow], now: str) -> list[Line]:
    """Every line below name, table, key, user and required_for. ``now`` is the time by the database's clock."""
    columns = Columns(relation, rows, {user}, {user}, now)
    written = [*_created(columns), *_codes(columns), *_filled(columns), *_flags(columns), *_defaults(columns)]
    order = ("created", "filled", "defaults", "codes", "flags")
    return sorted(written, key=lambda line: order.index(line.key))


def _created(columns: Columns) -> list[Line]:
    found = ranked(columns.relation, CREATED, {"time", "integer"})
    columns.taken.update(found[:1])
    columns.given.update(found[:1])
    if found:
        kind = columns.relation.columns[found[0]].type
        return [Line("created", found[0], f"by its name and type ({kind}): when the row was made.", tuple(found[1:]))]
    return [Line("created", None, "no column looks like it: findings take the time of their user.", active=False)]


def _codes(columns: Columns) -> list[Line]:
    drawn: dict[str, str] = {}
    reasons, doubtful = [], []
    for column in columns.left({"text", "uuid"}):
        values = [str(value) for value in columns.values(column.name) if not text_blank(value)]
        unique = alone_unique(columns.relation, column.name)
        if not looks_like_code(column, unique):
            continue
        form, why = code_form(column, values, unique)
        if form:
            drawn[column.name] = form
            reasons.append(f"{column.name}: {why}")
            columns.taken.add(column.name)
            columns.given.add(column.name)
        elif why:
            doubtful.append(f"{column.name} ({why})")
    if drawn:
        reason = f"must be present and unique, and how a new one is drawn. {'; '.join(reasons)}."
        return [Line("codes", drawn, reason, tuple(doubtful))]
    return [Line("codes", None, f"{', '.join(doubtful)}.", active=False)] if doubtful else []


def _filled(columns: Columns) -> list[Line]:
    texts = [column for column in columns.left({"text"}) if not alone_unique(columns.relation, column.name)]
    texts = [column for column in texts if not _option(column.name)]
    texts += [
        column for column in columns.left({"time"}) if set(words(column.name)) & {"birth", "birthday", "dob", "birthdate"}
    ]
    if not texts:
        return []
    lacking = [column.name for column in texts if any(text_blank(value) for value in columns.values(column.name))]
    names = [column.name for column in texts]
    asked = [name for name in names if name not in lacking and asked_for(name) and _varies(columns, name)]
    if len(columns.rows) < FEW_ROWS or not lacking or asked:
        return _filled_by_name(columns, asked or names)
    asks = [name for name in lacking if asked_for(name) and not set(words(name)) & OPEN_WORDS]
    # what else people may write there, or not, tells nothing of the form: its own fields first
    some, shares, together = next(
        (found for names in (asks, lacking) if len((found := _together(columns, names))[2]) > 1), _together(columns, lacking)
    )
    blank = len(columns.rows) - len(some)
    if not some:
        reason = f"left out: all {blank} rows read are blank there, so either nobody fills it in or all of it is lost."
        return [Line("filled", lacking, reason, active=False)]
    others = tuple(f"{name} (set in {part:.0%} of these)" for name, part in shares.items() if name not in together)
    sure = [name for name in together if asked_for(name) and not set(words(name)) & OPEN_WORDS]
    if len(together) < 2 and not (sure and share(blank, len(columns.rows)) <= MOST_BLANK):
        reason = (
            "left out: these are set in some rows and not in others, one without the other, as what people may leave open is."
        )
        return [Line("filled", lacking, reason, active=False)]
    columns.taken.update(together)
    rest = len(columns.rows)
    reason = f"of {rest} rows read, {len(some)} hold them and {blank} are blank there: all of them blank means lost form data."
    return [Line("filled", together, reason, others)]


def _together(columns: Columns, names: Sequence[str]) -> tuple[list[SampledRow], dict[str, float], list[str]]:
    """The rows that have any of ``names``, how many of those have each, and the names that are there together."""
    some = [row for row in columns.rows if any(not text_blank(row.get(name)) for name in names)]
    shares = {name: share(sum(not text_blank(row.get(name)) for row in some), len(some)) for name in names}
    return some, shares, [name for name in names if shares[name] >= TOGETHER]


def _varies(columns: Columns, name: str) -> bool:
    """Not everybody has the same there, as a default would give them."""
    return len(set(columns.values(name))) > 1


def _filled_by_name(columns: Columns, names: list[str]) -> list[Line]:
    """Where no row is blank, or there are too few: what a form asks for, by its name."""
    known = [name for name in names if asked_for(name)]
    if not known:
        return []
    columns.taken.update(known)
    seen = f"none of {len(columns.rows)} rows read is blank there" if len(columns.rows) >= FEW_ROWS else "too few rows to tell"
    others = tuple(name for name in names if name not in known)
    return [Line("filled", known, f"by their names, what a form asks for ({seen}): all of them blank means lost data.", others)]


def _option(name: str) -> bool:
    return bool(set(words(name)) & OPTION_WORDS) and not asked_for(name)


def _flags(columns: Columns) -> list[Line]:
    flags, reasons, doubtful = {}, [], []
    for column in columns.left({"boolean"}):
        if not column.nullable:
            continue
        values = columns.values(column.name)
        known = sum(value is not None for value in values)
        granting = bool(set(words(column.name)) & GRANTING_WORDS)
        if share(known, len(values)) >= (0.25 if granting else 0.5):
            flags[column.name] = False
            reasons.append(f"{column.name} is set in {known} of {len(values)} rows read")
            columns.given.add(column.name)
        else:
            doubtful.append(column.name)
    if flags:
        reason = f"may be NULL, which says nothing: {'; '.join(reasons)}. A repair sets false, which gives nobody anything."
        return [Line("flags", flags, reason, tuple(doubtful))]
    if doubtful:
        return [Line("flags", dict.fromkeys(doubtful, False), "left out: may be NULL, and mostly is.", active=False)]
    return []


def _defaults(columns: Columns) -> list[Line]:
    """What a row that a repair makes would need and nothing else gives it."""
    values: dict[str, bool | int | str] = {}
    impossible = []
    relation = columns.relation
    bound = {name for key in relation.foreign_keys for name in key.columns}
    for column in relation.columns.values():
        given = column.nullable or column.default or column.generated or column.name in relation.primary_key
        if given or column.name in columns.given:
            continue
        if column.name in bound:
            impossible.append(f"{column.name} refers to another table: where profiles must be made, name a row of it")
            continue
        value = _default(columns, column)
        if value is None:
            impossible.append(f"{column.name} ({column.type}) must not be NULL and has no default: name its value")
        else:
            values[column.name] = value
    if values:
        reason = "for rows that a repair makes: these must not be NULL, and the database gives them no value of its own."
        return [Line("defaults", values, reason, tuple(impossible))]
    return [Line("defaults", None, f"{'; '.join(impossible)}.", active=False)] if impossible else []


def _default(columns: Columns, column: Column) -> bool | int | str | None:
    if column.family == "text":
        return None if alone_unique(columns.relation, column.name) else _usual(columns, column.name)
    if column.family == "boolean":
        return False
    if column.family in ("integer", "number"):
        return 0
    if column.type in ("json", "jsonb"):
        return "{}"
    if column.family == "time" and plain(column.name) in UPDATED and column.type.startswith(("timestamp", "datetime")):
        return columns.now
    return None


def _usual(columns: Columns, name: str) -> str:
    """What nearly everybody has there, as a default of the application's gives it, or most where it tells of what kind somebody
    is; else nothing. Never what a person was asked for."""
    said = set(words(name))
    values = [str(value) for value in columns.values(name) if not text_blank(value)]
    if len(values) < FEW_ROWS or name in columns.taken or asked_for(name):
        return ""
    most = max(sorted(set(values)), key=values.count)
    needed = 0.5 if said & KIND_WORDS else 0.9
    return most if share(values.count(most), len(columns.rows)) >= needed else ""

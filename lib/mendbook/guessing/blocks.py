"""Puts the guesses together: the users' block, the blocks of profiles, references and rights, and what is to be told.

Values only; what has to be asked of the database comes as samples.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from mendbook.dialects import Relation
from mendbook.guessing import FEW_ROWS, Ask, Belonging, Block, Line, Sample, readable, share, text_blank
from mendbook.guessing.names import short_name, words
from mendbook.guessing.profile_columns import lines as profile_lines
from mendbook.guessing.profile_rows import (
    Requirement,
    coverage,
    enough,
    for_each_of,
    implied,
    other_kind,
    repeated,
    told,
)
from mendbook.guessing.profile_tables import ENOUGH, ENOUGH_UNSEEN, SAID, Child, ProfileCandidate
from mendbook.guessing.user_columns import key_of, lines, part_key
from mendbook.guessing.user_tables import Candidate

#: What is further behind than this is told in the file alone.
FAR = 7.0
#: Where more of its rows than these have no user, a table is of more than users.
MOST_NOBODYS = 0.1
#: Tables and columns that part one organisation's people from another's.
_APART = ["realm", "tenant", "organization", "organisation", "site", "workspace", "company", "domain", "instance"]


@dataclass(frozen=True, slots=True)
class Judged:
    """A candidate with its rows, what was guessed of its columns, and whom it is required for.

    ``whole`` is a sample of its rows, whosever they are; empty where each has to be somebody's.
    """

    candidate: ProfileCandidate
    belonging: Belonging
    lines: tuple[Line, ...]
    required: Requirement | None
    whole: Sample = field(default_factory=Sample)

    @property
    def filled(self) -> list[str]:
        return next((line.value for line in self.lines if line.key == "filled" and line.active), [])


def users_block(candidate: Candidate, others: Sequence[Candidate], sample: Sample, logs: bool) -> tuple[Block, list[str]]:
    """The block [users], and what people should be told of it."""
    relation = candidate.relation
    key = str(key_of(relation) or part_key(relation, sample))
    warnings = []
    considered = tuple(f"{other.table} ({', '.join(other.reasons)})" for other in others)
    if others and candidate.score - others[0].score <= FAR:
        warnings.append(
            f"{candidate.table} is taken for the users' table; {considered[0]} might be, too: --users TABLE takes it."
        )
    parting = _parting(relation)
    apart = parting if parting and _same_name_twice(candidate, sample, parting) else None
    if parting:
        doing = "left out" if apart else "mapped"
        warnings.append(
            f"{candidate.table} has {parting}: the same user name or e-mail in two of them is two people, and mendbook compares"
            f" all of them. They are {doing}; give each {parting} a source of its own, or leave username and email out."
        )
    if not readable(relation):
        warnings.append(f"This role may not read {candidate.table}: nothing can be audited before it may.")
    head = (
        Line("table", candidate.table, f"{'; '.join(candidate.reasons)}.", considered),
        Line("key", key, _key_reason(relation, key, sample)),
    )
    return Block(candidate.table, (*head, *lines(relation, candidate.roles, sample, apart, logs))), warnings


def _key_reason(relation: Relation, key: str, sample: Sample) -> str:
    if key_of(relation) is None:
        whole = ", ".join(relation.primary_key)
        return f"of the primary key ({whole}) this column alone names each of {len(sample.rows)} rows read; doctor asks all."
    return f"{'the primary key' if relation.primary_key == (key,) else 'unique, and never NULL'}."


def _parting(relation: Relation) -> str | None:
    """The column that, in a unique index beside a name or an e-mail, makes each of several realms have people of its own."""
    for index in relation.unique_indexes:
        for column in index.columns:
            if column and len(index.columns) > 1 and column.lower().removesuffix("_id").removesuffix("id") in _APART:
                return column
    return None


def _same_name_twice(candidate: Candidate, sample: Sample, parting: str) -> bool:
    for role in ("username", "email"):
        column = candidate.roles.first(role)
        seen: dict[str, set[object]] = {}
        for row in sample.rows if column else ():
            value = row.get(str(column))
            if not text_blank(value):
                seen.setdefault(str(value).strip().lower(), set()).add(row.get(parting))
        if any(len(where) > 1 for where in seen.values()):
            return True
    return False


def fits(judged: Judged, users: Sample, key: str) -> bool:
    """The rows do not speak against it, and where the shape says little they speak for it.

    Against it: more of them for each user than a race makes. For it: nearly everybody has one, or all of one kind.
    """
    candidate, belonging = judged.candidate, judged.belonging
    if candidate.how != "unique" and for_each_of(candidate.relation, candidate.user, belonging):
        return False
    habit = belonging.known and enough(users) and (judged.required or coverage(belonging, users, key) >= 0.8)
    if candidate.doubtful or candidate.score < ENOUGH:
        return bool(habit) and repeated(belonging) <= 0.1
    if candidate.how == "unique":
        return True
    seen = belonging.known and len(belonging.rows) >= FEW_ROWS
    return repeated(belonging) <= 0.1 and (seen or candidate.score >= ENOUGH_UNSEEN)


def judge(
    candidate: ProfileCandidate, belonging: Belonging, users: Sample, key: str, telling: Sequence[str], now: str
) -> Judged:
    """What the rows of one candidate tell of its columns, and of whom it is required for, by one of the ``telling`` columns."""
    written = tuple(profile_lines(candidate.relation, candidate.user, belonging.rows, now))
    required = implied(belonging, users, key, telling, words(short_name(candidate.table))[-1]) if belonging.known else None
    return Judged(candidate, belonging, written, required)


def profile_blocks(judged: Sequence[Judged], users: Sample, key: str, ask: Ask) -> tuple[list[Block], list[str]]:
    """The blocks of profiles, those that are rather left out as comments, and what people should be told of them."""
    blocks: list[Block] = []
    warnings: list[str] = []
    names: set[str] = set()
    sibling = next((each for each in judged if each.required is not None), None)
    for each in judged:
        required = each.required
        if required is None and sibling is not None and sibling.required is not None and each.belonging.known:
            called = sibling.candidate.table
            required = other_kind(each.belonging, users, key, each.candidate.user, each.filled, sibling.required, called)
        name = _own_name(each.candidate.table, names)
        block, doubt = _profile_block(each, name, required, users, key)
        if doubt:
            usual = "yes" if block.active else "no"
            taken = ask(f"{each.candidate.table}: {doubt} Map it as a profile?", ["yes", "no"], usual)
            block = Block(block.table, block.lines, block.notes, taken == "yes")
            if not block.active:
                warnings.append(f"{each.candidate.table} is left out (its lines are comments): {doubt}")
        blocks.append(block)
    return sorted(blocks, key=lambda block: not block.active), warnings


def _own_name(table: str, names: set[str]) -> str:
    name = short_name(table)
    number = 2
    while name in names:
        name, number = f"{short_name(table)}_{number}", number + 1
    names.add(name)
    return name


def _profile_block(each: Judged, name: str, required: Requirement | None, users: Sample, key: str) -> tuple[Block, str]:
    """The block, and why a person might rather decide on it; empty where nobody need."""
    candidate, relation = each.candidate, each.candidate.relation
    hows = {
        "unique": f"one-to-one: {candidate.user} is unique",
        "foreign key": f"{candidate.user} is a foreign key to the users, but nothing makes it unique",
        "name": f"{candidate.user} is called as the users' key is, but no foreign key says so",
    }
    rows = told(each.belonging, users, key)
    notes = [f"{hows[candidate.how]}; {rows}."]
    doubt = _doubt(each, required, users, key, rows)
    row_key = key_of(relation) or "id"
    written = [
        Line("name", name, ""),
        Line("table", candidate.table, ""),
        Line("key", row_key, ""),
        Line("user", candidate.user, f"{hows[candidate.how]}."),
        _required_line(required, doubt, users),
        *each.lines,
    ]
    if candidate.through:
        notes.append(f"Its users are rows of {candidate.through}, which inherits from the users' table.")
    return Block(candidate.table, tuple(written), tuple(notes), not doubt), doubt


def _required_line(required: Requirement | None, doubt: str, users: Sample) -> Line:
    if required is not None:
        return Line("required_for", {required.column: required.value}, f"{required.reason}.")
    telling = "no column of users tells who has one and who has not" if enough(users) else "too few users to tell otherwise"
    said = "" if doubt else f": {telling}"
    return Line("required_for", None, f"every user is to have a row{said}.", active=False)


def _doubt(each: Judged, required: Requirement | None, users: Sample, key: str, rows: str) -> str:
    candidate = each.candidate
    if key_of(candidate.relation) is None:
        return "no single column names its rows once."
    if not readable(candidate.relation) or not candidate.relation.columns[candidate.user].readable:
        return "this role may not read it: GRANT SELECT on it, then take the # away."
    beside = [
        each.columns for each in candidate.relation.unique_indexes if candidate.user in each.columns and len(each.columns) > 1
    ]
    if candidate.how != "unique" and beside:
        other = ", ".join(str(name) for name in beside[0] if name != candidate.user)
        return f"{candidate.user} is unique together with {other} only: several rows of one user may be meant."
    if candidate.beside and candidate.score < ENOUGH:
        return f"each row is of one {candidate.beside}, too: several rows of one user may be meant."
    nobodys = sum(row.get(candidate.user) is None for row in each.whole.rows)
    if nobodys >= FEW_ROWS and share(nobodys, len(each.whole.rows)) > MOST_NOBODYS:
        return f"{nobodys} of {len(each.whole.rows)} rows read belong to nobody: they would be told as orphaned."
    if not enough(users) and candidate.score < SAID:
        return "there are too few users to tell, and neither its name nor its columns say that each has one."
    if required is not None or not enough(users) or not each.belonging.known:
        return ""
    if coverage(each.belonging, users, key) < 0.5:
        return f"{rows}, and no column of users tells which: all others would be told as lacking one."
    return ""


def children_notes(inherited: Sequence[Child], sizes: Mapping[str, int], users: Sample) -> list[str]:
    """What is said of tables that inherit from the users' table."""
    return [
        f"{child.table} inherits from the users' table by {child.key} (multi-table inheritance): its rows are users themselves,"
        f" {sizes.get(child.table, 0)} of {len(users.rows)} read, and no profiles of theirs."
        for child in inherited
    ]


def nearly_all(found: int, asked: int) -> bool:
    return asked >= 3 and share(found, asked) >= 0.95

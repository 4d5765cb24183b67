"""What people sign, as files beside the plan: the author's statement, and each reviewer's with the decisions that it is of.

A statement binds the plan's digest to the database, its schema, the policy and the expiry, so that it is worth nothing for any
other. Made here, read strictly here, and checked here against the plan; whose signature it bears is checked in approvals.py.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from mendbook.digests import canonical
from mendbook.errors import NotCanonical, OutputError, Refused, SignatureError
from mendbook.plans.files import PlanFile
from mendbook.reviews.decision_log import slug
from mendbook.signing import plain_files

AUTHOR_FORMAT, REVIEW_FORMAT = "mendbook-author@1", "mendbook-review@1"
AUTHOR = "author.json"
#: How far the clocks of the people who sign may be from the database's.
GRACE = timedelta(minutes=5)
#: Every file that says something of who approves: nothing of that kind is passed over.
_OURS = re.compile(r"(?i)author\.json|review-")
_REVIEW = re.compile(r"review-(?P<slug>[a-z0-9-]+)(?:\.(?P<number>[1-9][0-9]*))?(?P<part>\.json|\.json\.sig|\.jsonl)")
_BOUND = ("plan", "digest", "act", "source", "identity", "schema", "policy", "expires")


def instant(at: datetime) -> str:
    """A time as statements write it: UTC, whole seconds."""
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def bound(plan: PlanFile) -> dict[str, Any]:
    """What every statement says of the plan: any other plan, database, schema or policy makes another text."""
    header = plan.header
    return {
        "plan": plan.id,
        "digest": plan.digest,
        "act": header.act,
        "source": header.source,
        "identity": dict(header.identity),
        "schema": canonical.digest(canonical.line(header.schema)),
        "policy": dict(header.policy),
        "expires": header.expires,
    }


def author_statement(plan: PlanFile, at: datetime) -> bytes:
    return canonical.line({"format": AUTHOR_FORMAT, **bound(plan), "author": plan.header.author, "at": instant(at)})


@dataclass(frozen=True, slots=True)
class Decided:
    """The decisions that a statement is of, as a file of canonical lines, and what they come to."""

    lines: bytes
    shown: str
    counts: Mapping[str, int]


def review_statement(plan: PlanFile, reviewer: str, at: datetime, number: int, decided: Decided) -> bytes:
    """The statement on ``decided``. ``shown`` is the digest of the decided cases' lines, as they stand in the plan."""
    return canonical.line(
        {
            "format": REVIEW_FORMAT,
            **bound(plan),
            "reviewer": reviewer,
            "at": instant(at),
            "number": number,
            "decisions": canonical.digest(decided.lines),
            "shown": decided.shown,
            "counts": dict(decided.counts),
        }
    )


def read_author(plan: PlanFile, data: bytes) -> str:
    """When the author's statement in ``data`` was made; SignatureError where it is not theirs, or not on this very plan."""
    value = _read(AUTHOR, data, AUTHOR_FORMAT, {*_BOUND, "author", "at"})
    _check_bound(AUTHOR, value, plan)
    if value["author"] != plan.header.author:
        raise refusal(AUTHOR, f"it is that of {value['author']!r}, and the plan is that of {plan.header.author!r}")
    if not isinstance(value["at"], str):
        raise refusal(AUTHOR, "it is no statement")
    return value["at"]


@dataclass(frozen=True, slots=True)
class Statement:
    """A reviewer's statement as it was read, bound to the plan; nothing of its signature is known."""

    file: str
    reviewer: str
    at: str
    number: int
    decisions: str
    shown: str
    counts: Mapping[str, int]


def read_review(plan: PlanFile, file: str, data: bytes) -> Statement:
    """The statement in ``data``; SignatureError where it is not one on this very plan, or stands under another's name."""
    fields = ("reviewer", "at", "number", "decisions", "shown", "counts")
    value = _read(file, data, REVIEW_FORMAT, {*_BOUND, *fields})
    _check_bound(file, value, plan)
    texts = ("reviewer", "at", "decisions", "shown")
    if not all(isinstance(value[name], str) for name in texts) or number_of(data) < 1:
        raise refusal(file, "it is no statement")
    if file != review_file(value["reviewer"]):
        raise refusal(file, f"it is that of {value['reviewer']!r}, whose file is called {review_file(value['reviewer'])}")
    return Statement(file, *(value[name] for name in fields))


def check_moment(file: str, text: str, plan: PlanFile, at: datetime) -> None:
    """SignatureError where a statement was made before its plan, or after ``at``, the database's time."""
    made = moment(text)
    if made is None:
        raise refusal(file, f"its time, {text!r}, is none")
    born = moment(plan.header.made_at)
    if born is None or made < born - GRACE:
        raise refusal(file, f"it was made at {text}, before the plan ({plan.header.made_at}): a clock is wrong")
    if made > at + GRACE:
        raise refusal(file, f"it was made at {text}, and it is only {instant(at)}: a clock is wrong")


def check_clock(plan: PlanFile, at: datetime) -> None:
    """Refused where this computer's time, ``at``, is before the plan: what is signed by it would hold nowhere."""
    born = moment(plan.header.made_at)
    if born is None or at < born - GRACE:
        raise Refused(
            f"It is {instant(at)} here, and plan {plan.id} was made at {plan.header.made_at} by the database's clock.",
            "Set this computer's clock, then sign again.",
        )


def moment(text: str) -> datetime | None:
    """The time that ``text`` tells, None where it tells none, or one without a zone."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo else None


def review_file(reviewer: str) -> str:
    return f"review-{slug(reviewer)}.json"


def decisions_file(statement: str) -> str:
    """The file of the decisions that the file ``statement`` is of."""
    return statement + "l"


def signature_file(statement: str) -> str:
    return statement + ".sig"


@dataclass(frozen=True, slots=True)
class Paper:
    """The bytes of every file in a plan's folder that says who approves it; read once, so that all is of one state."""

    files: Mapping[str, bytes]

    @property
    def reviews(self) -> list[str]:
        """The names of the reviewers' statements that hold now."""
        return [name for name in self.files if name.endswith(".json") and name != AUTHOR]

    def of(self, name: str) -> bytes:
        """The bytes of a file; SignatureError where there is none."""
        if name not in self.files:
            raise refusal(name, "it is missing")
        return self.files[name]

    @property
    def digest(self) -> str:
        return canonical.digest(b"".join(f"{name} {canonical.digest(data)}\n".encode() for name, data in self.files.items()))


def read_paper(folder: Path, reviews: bool = True, without: Collection[str] = ()) -> Paper:
    """The author's and the reviewers' files in ``folder``; without the ``reviews``, or ``without`` some of the statements.

    Raises SignatureError for a file that has no business there: a statement without decisions or signature, one under a name
    that mendbook does not give, or an older one in the place of a newer; OutputError where one cannot be read.
    """
    files: dict[str, bytes] = {}
    for path in _listed(folder):
        parts = _REVIEW.fullmatch(path.name)
        statement = f"review-{parts['slug']}.json" if parts else AUTHOR
        if not parts and path.name not in (AUTHOR, signature_file(AUTHOR)):
            if reviews:
                raise refusal(path.name, "mendbook writes no file of that name")
        elif not parts or (reviews and not parts["number"] and statement not in without):
            files[path.name] = _bytes(path)
    paper = Paper(files)
    for name in files:
        statement = _statement_of(name)
        paper.of(statement)
        paper.of(signature_file(statement))
        if statement == AUTHOR:
            continue
        paper.of(decisions_file(statement))
        if max(numbers(folder, statement)) >= (number_of(files[statement]) or 1 << 53):
            raise refusal(statement, "it was replaced by a newer one, which is not here")
    return paper


def _statement_of(name: str) -> str:
    return AUTHOR if name.startswith(AUTHOR) else name.removesuffix(".sig").removesuffix("l")


def _listed(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if _OURS.match(path.name))
    except OSError as failure:
        raise OutputError(f"Cannot read {folder}: {failure.strerror}.", "Check its rights.") from failure


def _bytes(path: Path) -> bytes:
    try:
        return plain_files.contents(path)
    except OSError as failure:
        raise OutputError(f"Cannot read {path}: {failure.strerror}.", "Check its rights.") from failure


def numbers(folder: Path, statement: str) -> list[int]:
    """The numbers of the reviewer's earlier statements that are kept in ``folder``, and 0."""
    found = [_REVIEW.fullmatch(path.name) for path in _listed(folder)]
    mine = [each for each in found if each and each["part"] == ".json" and f"review-{each['slug']}.json" == statement]
    return [0, *(int(each["number"] or 0) for each in mine)]


def number_of(data: bytes) -> int:
    """The number that a statement gives itself, 0 where it gives none: it is read in earnest later."""
    try:
        number = canonical.read(data)["number"]
    except (NotCanonical, TypeError, KeyError):
        return 0
    return number if type(number) is int else 0


def last_number(folder: Path, statement: str) -> tuple[int, bool]:
    """The number of the statement in that file, or that was there last, and whether it is kept aside already."""
    path = folder / statement
    number, aside = number_of(_bytes(path)) if path.exists() else 0, numbers(folder, statement)
    return max(number, *aside), not number or number in aside


def _read(file: str, data: bytes, form: str, names: set[str]) -> dict[str, Any]:
    try:
        value = canonical.read(data)
    except NotCanonical as error:
        raise refusal(file, error.message) from None
    if not isinstance(value, dict) or set(value) != {"format", *names} or value["format"] != form:
        raise refusal(file, f"it is no {form}")
    return value


def _check_bound(file: str, value: Mapping[str, Any], plan: PlanFile) -> None:
    for name, expected in bound(plan).items():
        if canonical.text(value[name]) != canonical.text(expected):
            raise refusal(file, f"its {name} is not the plan's: it was made for another")


def refusal(file: str, why: str) -> SignatureError:
    return SignatureError(
        f"{file} beside the plan does not hold: {why.rstrip('.')}.",
        "Nothing was done. Fetch the files as they were signed, or have them signed again with 'mendbook sign'.",
    )

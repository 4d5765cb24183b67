"""A person's decisions on a plan: saved as they are made, and signed by that person's own key; the author's signature, too.

Nothing is published that does not verify at once. Whether a plan may be applied is not decided here but verified anew, each
time, by approvals.py. It reads no private key (signing/signatures.py has ssh-keygen do that), and touches no database.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from mendbook.config import Settings
from mendbook.digests import canonical
from mendbook.errors import ConfigError, MendbookError, SignatureError
from mendbook.files.publish import publish
from mendbook.files.records import locked
from mendbook.plans.files import PlanFile
from mendbook.plans.outlines import Outline
from mendbook.reviews import decision_log
from mendbook.reviews.approvals import (
    Approvals,
    approvals,
    approvals_again,
    check_current,
    check_reviewer,
    fingerprint,
    read_signers,
    revoked_file,
    states,
    told,
    verify_author,
)
from mendbook.reviews.decisions import VERBS, Choice, Decision, Details, Entry, Resolved, check, resolve, resolved_lines
from mendbook.reviews.statements import (
    AUTHOR,
    Decided,
    author_statement,
    check_clock,
    decisions_file,
    instant,
    last_number,
    review_file,
    review_statement,
    signature_file,
)
from mendbook.reviews.verdicts import Verdict, effective
from mendbook.signing import signatures
from mendbook.signing.allowed_signers import check_person
from mendbook.signing.signatures import Namespace, check_different

__all__ = [
    "Approvals",
    "Verdict",
    "approvals",
    "approvals_again",
    "check_can_sign",
    "decide",
    "decide_on",
    "effective",
    "fingerprint",
    "saved",
    "sign",
    "sign_as_author",
    "states",
    "told",
]


def decide(
    plan: PlanFile,
    reviewer: str,
    choices: Sequence[Choice],
    at: datetime,
    details: Details | None = None,
) -> Resolved:
    """Save what ``reviewer`` decides on cases of ``plan``: on the disk before it returns, all of it or nothing.

    A later decision on a case takes the place of an earlier one. Returns the cases that the choices came to, and those that
    were passed over because they are blocked. Raises ConfigError for choices that cannot be meant, SignatureError for one's
    own plan, OutputError where it cannot be saved.
    """
    check_reviewer(plan, reviewer)
    resolved = resolve(plan, choices, details)
    if resolved.entries:
        decision_log.add(plan, reviewer, resolved.entries, instant(at))
    return resolved


def decide_on(plan: PlanFile, reviewer: str, entries: Sequence[Entry], outlines: Mapping[str, Outline], at: datetime) -> None:
    """Save ``entries`` as ``decide`` does, where it is known already which cases they are of: nothing of the plan is read.

    Raises Refused for a decision that cannot stand; then none is saved. SignatureError and OutputError as ``decide`` does.
    """
    check_reviewer(plan, reviewer)
    for entry in entries:
        for decision in entry.decisions():
            check(outlines[decision.case], decision)
    decision_log.add(plan, reviewer, tuple(entries), instant(at))


def saved(plan: PlanFile, reviewer: str) -> dict[str, Decision]:
    """The decisions that ``reviewer`` has saved, signed or not, by the names of the cases."""
    return decision_log.read(plan, reviewer) or {}


@dataclass(frozen=True, slots=True)
class Signed:
    """What came of signing.

    counts   how many cases the statement approves, rejects and defers: {"approve", "reject", "defer"}
    cases    how many cases the plan has
    missing  how many cases that somebody approves wait for more people's approval
    warnings what stands in the way of applying the plan, beside that
    """

    path: Path
    digest: str
    reviewer: signatures.Signer
    counts: Mapping[str, int]
    cases: int
    missing: int
    warnings: tuple[str, ...] = ()


def sign(plan: PlanFile, reviewer: str, key: Path, settings: Settings, at: datetime) -> Signed:
    """Sign the decisions that ``reviewer`` has saved, as one statement; it takes the place of an earlier one of theirs.

    The author's signature is verified first, and the new one before anything is published. ``at`` is this computer's time: a
    clock that is off is told when the plan is applied, by the database's. Raises ConfigError where nothing was decided,
    SignatureError for one's own plan, a key that is not one's own, or an author who did not sign; Refused where the plan
    has expired, the policy has changed, or this computer's clock is behind the plan; OutputError.
    """
    check_reviewer(plan, reviewer)
    signers = read_signers(settings)
    signers.check_known(reviewer)
    check_current(plan, settings, at)
    name = review_file(reviewer)
    check_clock(plan, at)
    with locked(plan.folder / f".{name}.lock", 0o600):  # another process that signs for the same reviewer waits
        author = verify_author(plan, settings, at)
        decided, cases, missing, warnings = _decided(plan, reviewer)
        last, safe = last_number(plan.folder, name)
        statement = review_statement(plan, reviewer, at, last + 1, decided)
        signature = signatures.sign(statement, key, Namespace.REVIEW)
        signer = signatures.verify(statement, signature, reviewer, Namespace.REVIEW, signers, at, revoked_file(settings))
        check_different([author, signer])
        if not safe:
            _keep(plan.folder, name, last)
        publish(plan.folder / decisions_file(name), decided.lines, 0o600)
        path = publish(plan.folder / name, statement, 0o600)
        publish(plan.folder / signature_file(name), signature, 0o600)
    return Signed(path, canonical.digest(statement), signer, decided.counts, cases, missing, warnings)


def sign_as_author(plan: PlanFile, person: str, key: Path, settings: Settings, at: datetime) -> None:
    """Sign ``plan`` as its author, verified at once; SignatureError where that does not hold, Refused where this computer's
    clock is behind the plan, and then nothing is published."""
    if person != plan.header.author:
        raise SignatureError(f"{person!r} is not the author of plan {plan.id}.", f"{plan.header.author!r} is.")
    check_clock(plan, at)
    statement = author_statement(plan, at)
    signature = signatures.sign(statement, key, Namespace.PLAN)
    signatures.verify(statement, signature, person, Namespace.PLAN, read_signers(settings), at, revoked_file(settings))
    publish(plan.folder / AUTHOR, statement, 0o600)
    publish(plan.folder / signature_file(AUTHOR), signature, 0o600)


def check_can_sign(person: str, key: Path, settings: Settings) -> None:
    """SignatureError where ``person`` cannot sign as an author by ``key``, told before any work is done for it.

    Signs and verifies a few bytes that are no statement: an agent or a hardware key asks once more than for the plan alone.
    """
    check_person(person)
    signers, now = read_signers(settings), datetime.now(UTC)
    signers.check_known(person)
    probe = canonical.line({"format": "mendbook-probe@1", "person": person, "at": instant(now)})
    signature = signatures.sign(probe, key, Namespace.PLAN)
    signatures.verify(probe, signature, person, Namespace.PLAN, signers, now, revoked_file(settings))


def _decided(plan: PlanFile, reviewer: str) -> tuple[Decided, int, int, tuple[str, ...]]:
    """The decisions as they are to be signed, how many cases there are, and what is still missing, with warnings."""
    decisions = decision_log.read(plan, reviewer)
    others: Mapping[str, Verdict] = {}
    warnings: tuple[str, ...] = ()
    try:
        others = told(plan, {reviewer: decisions or {}})
    except MendbookError as error:  # another reviewer's files do not hold: theirs to mend, and no reason not to sign
        warnings = (error.message,)
    lines, counts, shown, cases = [], Counter(dict.fromkeys(VERBS, 0)), sha256(), 0
    for _, line, decision in resolved_lines(plan, decisions or {}):
        cases += 1
        if decision is not None:
            lines.append(decision)
            shown.update(line)
    if decisions is None and cases:
        raise ConfigError(
            f"{reviewer} has decided nothing on plan {plan.id}, and there is nothing to sign.",
            f"'mendbook show {plan.id}' shows the cases; --approve all, a kind or a case decides on them.",
        )
    counts.update(decision.decision for decision in (decisions or {}).values())
    missing = sum(1 for verdict in others.values() if verdict.missing and verdict.by)
    return Decided(b"".join(lines), shown.hexdigest(), dict(counts)), cases, missing, warnings


def _keep(folder: Path, name: str, number: int) -> None:
    """Keep the reviewer's earlier statement under its number, as far as it is there."""
    stem = name.removesuffix(".json")
    for part in (".jsonl", ".json.sig", ".json"):  # the statement last: then all of it is kept
        with suppress(FileNotFoundError):
            publish(folder / f"{stem}.{number}{part}", (folder / f"{stem}{part}").read_bytes(), 0o600)


def document(plan: PlanFile, signed: Signed, passed_over: Sequence[str]) -> dict[str, Any]:
    """What signing came to, as JSON values."""
    decided = sum(signed.counts.values())
    return {
        "plan": plan.id,
        "digest": plan.digest,
        "reviewer": signed.reviewer.person,
        "key": signed.reviewer.key,
        "approved": signed.counts["approve"],
        "rejected": signed.counts["reject"],
        "deferred": signed.counts["defer"],
        "undecided": signed.cases - decided,
        "passed_over": len(passed_over),
        "blocked": list(passed_over),
        "missing_approvals": signed.missing,
        "statement": str(signed.path),
        "statement_digest": signed.digest,
        "warnings": list(signed.warnings),
    }

"""Whether a plan is approved, and which cases: everything that people signed is verified again, at the database's time.

``approvals`` believes nothing that it did not verify itself, and passes over no file in silence: one that does not hold refuses
the whole plan. It changes nothing, and asks no database: the one who does tells it the time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from mendbook.config import Settings
from mendbook.digests import canonical
from mendbook.errors import Refused, SignatureError
from mendbook.plans.files import PlanFile
from mendbook.plans.outlines import Outline, outlines
from mendbook.reviews.ballots import Ballot
from mendbook.reviews.decisions import Decision
from mendbook.reviews.statements import (
    AUTHOR,
    Paper,
    Statement,
    check_moment,
    decisions_file,
    instant,
    moment,
    read_author,
    read_paper,
    read_review,
    refusal,
    review_file,
    signature_file,
)
from mendbook.reviews.verdicts import APPROVED, BLOCKED, UNDECIDED, Verdict, combine, needed
from mendbook.signing import allowed_signers, plain_files
from mendbook.signing.signatures import Namespace, Signer, check_different, verify


@dataclass(frozen=True, slots=True)
class Approvals:
    """A plan's verified approvals.

    plan         its digest
    author       who proposes it, and by which key; reviewers likewise
    statements   the digest of each review statement, as sha256sum prints it, in the reviewers' order
    verdicts     what becomes of each case, by its name, in the plan's order
    fingerprint  what ``fingerprint`` gives while nothing has changed of all that this was read from
    """

    plan: str
    author: Signer
    reviewers: tuple[Signer, ...]
    statements: tuple[str, ...]
    verdicts: Mapping[str, Verdict]
    fingerprint: str

    @property
    def counts(self) -> dict[str, int]:
        """How many cases have each state."""
        return dict(Counter(verdict.state for verdict in self.verdicts.values()))

    @property
    def approved(self) -> list[str]:
        """The names of the cases to be done, in the plan's order."""
        return [name for name, verdict in self.verdicts.items() if verdict.state == APPROVED]


def approvals(plan: PlanFile, settings: Settings, at: datetime) -> Approvals:
    """Verify who signed ``plan`` and what became of each case. ``at`` is the database's time (aware), never this computer's.

    Raises Refused where the plan has expired, the policy is another by now, or nobody has reviewed it (a plan without cases
    needs no review); SignatureError for anything that does not hold. Memory grows with the number of cases, not with rows.
    """
    check_current(plan, settings, at)
    paper = read_paper(plan.folder)
    before = _fingerprint(plan, settings, paper)
    # what needs no ssh-keygen first: it tells more of what is wrong, and sooner
    made = [read_review(plan, name, paper.of(name)) for name in paper.reviews]
    ballots = [Ballot(statement, paper.of(decisions_file(statement.file))) for statement in made]
    author, reviewers = _signers(plan, paper, made, settings, at)
    verdicts = {outline.name: verdict for outline, verdict in _tally(plan, ballots)}
    if verdicts and not ballots:
        raise Refused(
            f"Nobody has reviewed plan {plan.id}.",
            f"Somebody else than {plan.header.author} does: mendbook sign {plan.id} --as NAME --key FILE --approve all",
        )
    if fingerprint(plan, settings) != before:
        raise Refused(f"What is signed of plan {plan.id} changed while it was read.", "Try again.")
    digests = tuple(canonical.digest(paper.of(name)) for name in paper.reviews)
    return Approvals(plan.digest, author, reviewers, digests, verdicts, before)


def approvals_again(plan: PlanFile, settings: Settings, at: datetime, before: Approvals) -> Approvals:
    """The same at a later time. Where no file has changed since ``before``, only what time can change is verified again:
    the plan's expiry and the keys. Quick, so that a long run can ask often."""
    paper = read_paper(plan.folder)
    if _fingerprint(plan, settings, paper) != before.fingerprint:
        return approvals(plan, settings, at)
    check_current(plan, settings, at)
    made = [read_review(plan, name, paper.of(name)) for name in paper.reviews]
    author, reviewers = _signers(plan, paper, made, settings, at)
    return replace(before, author=author, reviewers=reviewers)


def _signers(
    plan: PlanFile, paper: Paper, made: Sequence[Statement], settings: Settings, at: datetime
) -> tuple[Signer, tuple[Signer, ...]]:
    author = verify_author(plan, settings, at, paper)
    reviewers = tuple(_verify_review(plan, paper, statement, settings, at) for statement in made)
    check_different([author, *reviewers])
    return author, reviewers


def _tally(
    plan: PlanFile, ballots: Sequence[Ballot], unsigned: Sequence[tuple[str, Mapping[str, Decision]]] = ()
) -> Iterator[tuple[Outline, Verdict]]:
    """What the ballots come to for each case; what is read before the last one may not be used."""
    need: dict[str, int] = {}
    for outline, line in outlines(plan):
        votes = [(ballot.statement.reviewer, vote) for ballot in ballots if (vote := ballot.vote(outline, line))]
        if unsigned:
            votes += [(who, decisions[outline.name]) for who, decisions in unsigned if outline.name in decisions]
        if outline.risk not in need:
            need[outline.risk] = needed(plan.header.policy, outline.risk)
        yield outline, combine(outline, votes, need[outline.risk])
    for ballot in ballots:
        ballot.finish()


def fingerprint(plan: PlanFile, settings: Settings) -> str:
    """A digest of all that approving depends on but the time: cheap enough to be taken before every batch.

    The plan itself, which may be large, enters by its size and the time of its last change; what people signed, and the
    lists of people and of revoked keys, by their bytes. Raises as ``approvals`` does for files that are not there.
    """
    return _fingerprint(plan, settings, read_paper(plan.folder))


def _fingerprint(plan: PlanFile, settings: Settings, paper: Paper) -> str:
    file = plan.path.stat()
    parts = [plan.digest, f"{file.st_ino} {file.st_size} {file.st_mtime_ns} {file.st_ctime_ns}", paper.digest]
    parts.append(canonical.digest(read_signers(settings).content))
    revoked = revoked_file(settings)
    try:
        parts.append(canonical.digest(plain_files.contents(revoked)) if revoked else "")
    except OSError:
        parts.append("unreadable")  # whoever verifies by it says so
    return canonical.digest("\n".join(parts).encode())


def check_current(plan: PlanFile, settings: Settings, at: datetime) -> None:
    """Refused where ``plan`` has expired, or approving takes something else by now than when it was made."""
    if at.tzinfo is None:
        raise ValueError("the time of verification needs a time zone")
    expires = moment(plan.header.expires)
    if expires is None or at >= expires:
        raise Refused(
            f"Plan {plan.id} expired at {plan.header.expires}, and it is {instant(at)}.",
            f"Make a new one: mendbook plan {plan.header.source}",
        )
    for name, now in settings.review.policy.items():
        if plan.header.policy.get(name) != now:
            raise Refused(
                f"Plan {plan.id} was made where {name} was {plan.header.policy.get(name)}; {settings.path} has {now} now.",
                f"Make a new plan under the policy of today: mendbook plan {plan.header.source}",
            )


def verify_author(plan: PlanFile, settings: Settings, at: datetime, paper: Paper | None = None) -> Signer:
    """Who signed as the author of ``plan``; Refused where nobody did, SignatureError where it does not hold.

    Without ``paper`` the author's files alone are read: what reviewers have signed is none of the matter.
    """
    paper = paper or read_paper(plan.folder, reviews=False)
    if AUTHOR not in paper.files:
        raise Refused(
            f"Plan {plan.id} is not signed by its author.",
            f"Nothing was done. Make a new one: mendbook plan {plan.header.source}",
        )
    check_moment(AUTHOR, read_author(plan, paper.of(AUTHOR)), plan, at)
    return _verified(paper, AUTHOR, plan.header.author, Namespace.PLAN, settings, at)


def _verify_review(plan: PlanFile, paper: Paper, statement: Statement, settings: Settings, at: datetime) -> Signer:
    check_moment(statement.file, statement.at, plan, at)
    return _verified(paper, statement.file, statement.reviewer, Namespace.REVIEW, settings, at)


def _verified(paper: Paper, name: str, person: str, namespace: Namespace, settings: Settings, at: datetime) -> Signer:
    try:
        signature = paper.of(signature_file(name)).decode("ascii")
    except UnicodeDecodeError:
        raise refusal(signature_file(name), "it is no signature") from None
    return verify(paper.of(name), signature, person, namespace, read_signers(settings), at, revoked_file(settings))


def states(plan: PlanFile) -> dict[str, str]:
    """What the reviewers' statements come to for each case, by its name; NO signature is verified, so it is for showing only.

    "approved", "rejected", "deferred", "undecided", or "blocked" (undecided, and nobody has waived its blockers).
    """
    return {name: verdict.state for name, verdict in told(plan).items()}


def told(plan: PlanFile, unsigned: Mapping[str, Mapping[str, Decision]] | None = None) -> dict[str, Verdict]:
    """The same as verdicts, with their reasons. ``unsigned``: decisions by reviewer and case, to go by instead of those that
    the reviewer has signed: what the verdicts would be if they signed these."""
    instead = unsigned or {}
    paper = read_paper(plan.folder, without=[review_file(reviewer) for reviewer in instead])
    ballots = [Ballot(read_review(plan, name, paper.of(name)), paper.of(decisions_file(name))) for name in paper.reviews]
    return {outline.name: shown(outline, verdict) for outline, verdict in _tally(plan, ballots, list(instead.items()))}


def signed_votes(plan: PlanFile, cases: Iterable[tuple[Outline, bytes]]) -> dict[str, dict[str, Decision]]:
    """What each reviewer's statement says of each case that it decides on, by reviewer and case; NO signature is verified.

    ``cases`` are all those of the plan with their lines, in its order; where nobody has signed, none is asked for.
    """
    paper = read_paper(plan.folder)
    ballots = [Ballot(read_review(plan, name, paper.of(name)), paper.of(decisions_file(name))) for name in paper.reviews]
    votes: dict[str, dict[str, Decision]] = {ballot.statement.reviewer: {} for ballot in ballots}
    for outline, line in cases if ballots else ():
        for ballot in ballots:
            if vote := ballot.vote(outline, line):
                votes[ballot.statement.reviewer][outline.name] = vote
    for ballot in ballots:
        ballot.finish()
    return votes


def shown(outline: Outline, verdict: Verdict) -> Verdict:
    """ "Blocked" stands for a blocked case on which nobody has decided."""
    if outline.blockers and verdict.state == UNDECIDED and not verdict.by:
        return replace(verdict, state=BLOCKED)
    return verdict


def read_signers(settings: Settings) -> allowed_signers.Signers:
    """The people who may sign, as [review] allowed_signers names them; SignatureError where the file cannot stand."""
    return allowed_signers.read(signers_file(settings))


def signers_file(settings: Settings) -> Path:
    return settings.path.parent / settings.review.allowed_signers


def revoked_file(settings: Settings) -> Path | None:
    return settings.path.parent / settings.review.revoked if settings.review.revoked else None


def check_reviewer(plan: PlanFile, reviewer: str) -> None:
    """SignatureError where ``reviewer`` cannot be the name of one who reviews ``plan``: it is their own."""
    allowed_signers.check_person(reviewer)
    if allowed_signers.same_person(reviewer, plan.header.author):
        raise SignatureError(
            f"{reviewer!r} made plan {plan.id}, and nobody approves their own plan.",
            "Ask somebody else of allowed_signers to review it.",
        )

"""What a run over a plan tells when it ends: what it did, who allowed it, what the ledger has of the plan, what was left alone.

JSON values made of what was verified and of the ledger's own word; result.json and the receipt are made of them. It reads the
statements again only to say when they were made, changes nothing, and asks no database.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from mendbook.digests import canonical
from mendbook.repairs.state import Run
from mendbook.reviews.review import Approvals
from mendbook.reviews.statements import AUTHOR, read_author, read_paper, read_review
from mendbook.reviews.verdicts import APPROVED, Verdict

#: Of each group of cases that were not done, how many are named; the statements name all of them.
EXAMPLES = 20


def report(run: Run, approvals: Approvals, seconds: float) -> dict[str, Any]:
    """The report of ``run`` as JSON values; ``apply`` tells what its first part means."""
    plan, counts = run.plan, approvals.counts
    return {
        "plan": plan.id,
        "digest": plan.digest,
        "source": plan.header.source,
        "act": plan.header.act,
        "mode": "commit" if run.commit else "rehearse",
        "applied": sum(run.applied.values()),
        "applied_by_kind": dict(sorted(run.applied.items())),
        "difference": {kind: count for kind, count in sorted(run.difference.items()) if count and not run.commit},
        "already": run.already or 0,
        "stale": len(run.stale),
        "stale_cases": [{"case": name, "why": why} for name, why in sorted(run.stale.items())],
        "rejected": counts.get("rejected", 0),
        "not_approved": {state: n for state, n in sorted(counts.items()) if state not in ("approved", "rejected")},
        "batches": run.batches,
        "changes": run.changes,
        "seconds": round(seconds, 3),
        "people": _people(run, approvals),
        "approved": _approved(approvals),
        "waived": [
            {"case": name, "waived": list(verdict.waived), "chosen": dict(verdict.chosen), "by": list(verdict.by)}
            for name, verdict in approvals.verdicts.items()
            if verdict.state == APPROVED and (verdict.waived or verdict.chosen)
        ],
        "not_done": list(_not_done(run, approvals)),
        "ledger": _ledger(run),
    }


def _people(run: Run, approvals: Approvals) -> dict[str, Any]:
    """Author and reviewers as they were verified, with what they signed and when."""
    paper = read_paper(run.plan.folder)
    made = [read_review(run.plan, name, paper.of(name)) for name in paper.reviews]
    keys = {signer.person: signer.key for signer in approvals.reviewers}
    return {
        "author": {
            "person": approvals.author.person,
            "key": approvals.author.key,
            "at": read_author(run.plan, paper.of(AUTHOR)),
            "statement": AUTHOR,
            "digest": canonical.digest(paper.of(AUTHOR)),
        },
        "reviewers": [
            {
                "person": statement.reviewer,
                "key": keys[statement.reviewer],
                "at": statement.at,
                "statement": statement.file,
                "digest": canonical.digest(paper.of(statement.file)),
                "counts": dict(statement.counts),
            }
            for statement in made
            if canonical.digest(paper.of(statement.file)) in approvals.statements  # not one that came a moment later
        ],
    }


def _approved(approvals: Approvals) -> list[dict[str, Any]]:
    """How many cases of each kind were approved by whom."""
    said = Counter(
        (name.partition("/")[0], verdict.by) for name, verdict in approvals.verdicts.items() if verdict.state == APPROVED
    )
    return [{"kind": kind, "by": list(by), "cases": cases} for (kind, by), cases in sorted(said.items())]


def _not_done(run: Run, approvals: Approvals) -> Iterator[dict[str, Any]]:
    """Cases that were left alone, those with the same reason together: {state, kind, by, why, cases, examples}."""
    groups: dict[tuple[str, str, tuple[str, ...], str], list[str]] = {}
    stale = run.done.stale | run.stale
    for name, verdict in approvals.verdicts.items():
        told = Verdict("stale", stale[name], verdict.by) if name in stale else verdict
        if told.state != APPROVED:
            groups.setdefault((told.state, name.partition("/")[0], told.by, told.why), []).append(name)
        elif not run.over(name):
            why = "this run ended before it, or nothing of it was left to do"
            groups.setdefault(("not reached", name.partition("/")[0], told.by, why), []).append(name)
    for (state, kind, by, why), names in sorted(groups.items()):
        yield {"state": state, "kind": kind, "by": [*by], "why": why, "cases": len(names), "examples": names[:EXAMPLES]}


def _ledger(run: Run) -> dict[str, Any]:
    """All that the ledger has of the plan, by this run and by those before; after a rehearsal, by those before alone."""
    return {
        "batches": list(run.done.batches),
        "applied_by_kind": dict(sorted(Counter(name.partition("/")[0] for name in run.done.cases).items())),
        "changes": run.done.changes,
        "stale": len(run.done.stale),
    }

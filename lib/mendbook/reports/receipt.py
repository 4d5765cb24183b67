"""The receipt of an applied plan: who proposed and who approved what, what was done, and how anybody can check that by hand.

``document`` makes JSON values of what a run told (repairs/report.py) and of the audit that followed; ``publish`` writes them as
receipt.json and as a page, into the run's folder and beside the plan. A rehearsal leaves the same under another name, and never
beside the plan. People who signed are named in full, for they answer for it; everybody else's addresses are masked. It believes
what it is given: reviews/approvals.py verified it, and the ledger said it. It asks no database.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from hashlib import file_digest
from pathlib import Path
from typing import Any

from mendbook.config import Settings
from mendbook.damage import titles
from mendbook.digests.canonical import digest
from mendbook.errors import OutputError
from mendbook.files.publish import publish
from mendbook.model import FINDINGS_FILE
from mendbook.plans.files import PlanFile, tool
from mendbook.reports import pages
from mendbook.reports.receipt_checks import checks
from mendbook.reviews.approvals import signers_file
from mendbook.side_by_side import masked

FORMAT = "mendbook-receipt@1"
RECEIPT, REHEARSAL = "receipt", "rehearsal"
PAGES = (f"{RECEIPT}.html", f"{REHEARSAL}.html")
#: What is missing from the schema is no damaged row; the receipt tells of it apart.
_SCHEMA = "missing_constraint"

_CAN = (
    "Every row that was changed or removed comes back as it was, every row that was added goes; case by case, or all at once.",
    "The undo is a plan like this one: proposed, reviewed, signed, and entered into the ledger behind it.",
)
_CANNOT = (
    "Mails, messages and calls to other systems that the application or a trigger made on seeing the new rows.",
    "What triggers wrote elsewhere, in this database or outside of it.",
    "Numbers that sequences gave out: they stay used.",
    "A row that somebody has changed since: undoing never overwrites it; the case is told as a conflict and left.",
    "Rows whose images were purged from the ledger since (mendbook ledger purge).",
)


def document(
    report: Mapping[str, Any], audit: Mapping[str, Any], folder: Path, plan: PlanFile, settings: Settings
) -> dict[str, Any]:
    """The receipt as JSON values. ``report`` is result.json's, ``audit`` the re-audit's, in ``folder``."""
    header, commit = plan.header, report["mode"] == "commit"
    people = [report["people"]["author"], *report["people"]["reviewers"]]
    named = {each["person"] for each in people}
    done = report["ledger"]["applied_by_kind"] if commit else report["applied_by_kind"]
    proof = _audit(plan, report["remaining"], audit, folder)
    signers = signers_file(settings)
    return {
        "format": FORMAT,
        "mode": report["mode"],
        "act": header.act,
        "source": header.source,
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "begun_at": report["begun_at"],
        "tool": tool(),
        "plan": {
            "id": plan.id,
            "digest": plan.digest,
            "undoes": header.parent,
            "tool": header.tool,
            "made_at": header.made_at,
            "expires": header.expires,
            "policy": dict(header.policy),
        },
        "database": {**header.identity, "server": f"{audit['database']['server']} {audit['database']['version']}"},
        "people": report["people"],
        "signers": {"file": str(signers), "digest": digest(signers.read_bytes())},
        "approved": report["approved"],
        "waived": [{**each, "case": case_name(each["case"])} for each in report["waived"]],
        "done": {"cases": sum(done.values()), "changes": (report["ledger"] if commit else report)["changes"]},
        "this_run": {name: report[name] for name in ("applied", "already", "stale", "batches", "changes", "seconds")},
        "counts": _counts(plan, done, report["remaining"]),
        "batches": report["ledger"]["batches"],
        "not_done": [_shown(each, named) for each in report["not_done"]],
        "left": [
            {**each, "why": masked(each["why"]), "examples": [masked(key) for key in each["examples"]]} for each in header.left
        ],
        "audit": proof,
        "undo": {"command": f"mendbook undo {plan.id} --author NAME --key FILE", "can": [*_CAN], "cannot": [*_CANNOT]},
        "check": checks(plan, settings, report, proof),
    }


def case_name(name: str) -> str:
    """A case's name with the address in it masked, where its key is one."""
    kind, _, rest = name.partition("/")
    return f"{kind}/{masked(rest)}"


def _shown(group: Mapping[str, Any], named: Collection[str]) -> dict[str, Any]:
    return {**group, "why": masked(group["why"], named), "examples": [case_name(name) for name in group["examples"]]}


def _counts(plan: PlanFile, done: Mapping[str, int], remaining: Mapping[str, int]) -> list[dict[str, Any]]:
    """Each kind before and after: {kind, title, found, planned, done, remaining}; ``found`` is null where nobody looked."""
    header = plan.header
    found: dict[str, int] = {}
    if header.act == "apply":
        found = {**dict.fromkeys(header.repairs, 0), **header.cases}
        for each in header.left:
            found[each["kind"]] = found.get(each["kind"], 0) + each["cases"]
    named = titles()
    return [
        {
            "kind": kind,
            "title": named.get(kind, ""),
            "found": found.get(kind),
            "planned": header.cases.get(kind, 0),
            "done": done.get(kind, 0),
            "remaining": remaining.get(kind),
        }
        for kind in sorted({*found, *header.cases, *done, *remaining} - {_SCHEMA})
    ]


def _audit(plan: PlanFile, remaining: Mapping[str, int], audit: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """What the audit after it found, the digests of the two files that say so, and the plan's kinds that it could not see."""
    return {
        "taken_at": audit["taken_at"],
        "folder": str(folder),
        "digests": {name: _digest(folder / name) for name in (FINDINGS_FILE, "result.json")},
        "looked_for": len(audit["counts"]),
        "cases": sum(cases for kind, cases in remaining.items() if kind != _SCHEMA),
        "constraints": len(audit["constraints"]),
        "unseen": sorted({each["kind"] for each in audit["left_out"] if plan.header.cases.get(each["kind"])}),
        "left_out": [f"{each['kind']}: {masked(each['why'])}" for each in audit["left_out"]],
        "warnings": [masked(each) for each in audit["warnings"]],
    }


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def publish_receipt(made: Mapping[str, Any], folder: Path, plan: PlanFile) -> dict[str, str]:
    """Write the receipt into ``folder``, and where something was committed also beside the plan; the paths of all.

    Raises OutputError. What was applied is in the ledger all the same, and the same command makes the receipt anew.
    """
    commit = made["mode"] == "commit"
    name = RECEIPT if commit else REHEARSAL
    text = json.dumps(made, indent=2, ensure_ascii=False) + "\n"
    page = render(made, digest(text.encode("utf-8", "backslashreplace")))
    paths = {"json": publish(folder / f"{name}.json", text), "html": publish(folder / f"{name}.html", page)}
    if commit:
        moment = f"{datetime.fromisoformat(made['made_at']):%Y%m%dT%H%M%SZ}"
        for kind, content in (("json", text), ("html", page)):
            paths[f"plan_{kind}"] = publish(plan.folder / f"{RECEIPT}-{moment}.{kind}", content, 0o600)
    return {kind: str(path) for kind, path in paths.items()}


def read(folder: Path) -> dict[str, Any] | None:
    """The receipt that stands in a run's ``folder``, else its rehearsal's; None where there is neither. Raises OutputError."""
    for name in (RECEIPT, REHEARSAL):
        path = folder / f"{name}.json"
        if path.is_file():
            try:
                made = json.loads(path.read_text("utf-8"))
            except (OSError, ValueError) as failure:
                raise OutputError(f"{path} cannot be read: {failure}.", "Apply the plan again: it is made anew.") from None
            return made if isinstance(made, dict) and made.get("format") == FORMAT else None
    return None


def render(made: Mapping[str, Any], own_digest: str = "") -> str:
    """The receipt as a page by itself; ``own_digest`` is the SHA-256 of receipt.json."""
    return pages.render("receipt.html.j2", {"receipt": made, "verdict": verdict(made), "own_digest": own_digest})


def verdict(made: Mapping[str, Any]) -> dict[str, str]:
    """The receipt in a sentence: {state, title, sentence}; the state is a colour of the page's."""
    left, cases = made["audit"]["cases"], made["done"]["cases"]
    what = {"apply": "repaired", "undo": "taken back"}[made["act"]]
    found = "no damage of any kind" if not left else f"{left:,} {'case' if left == 1 else 'cases'} of damage"
    if made["mode"] != "commit":
        sentence = f"{cases:,} cases would be {what}, and every change was rolled back. Nothing in the database was changed."
        return {"state": "unknown", "title": "This is a rehearsal, and no receipt", "sentence": sentence}
    unseen = made["audit"]["unseen"]
    after = f"It could not look for {', '.join(unseen)} again; the audit found" if unseen else "The audit afterwards found"
    sentence = f"{cases:,} {'case was' if cases == 1 else 'cases were'} {what}. {after} {found}."
    clean = not left and not unseen
    title = "Undone" if made["act"] == "undo" else "Repaired, and verified" if clean else "Repaired, with something left"
    return {"state": "no" if clean or made["act"] == "undo" else "unknown", "title": title, "sentence": sentence}

"""A repair as its users see it: the plan applied or rehearsed, the audit that follows, and one result of both.

result.json in the run's folder is what the receipt and the report are made of; the audit's own files stand beside it in audit/.
It changes no row itself.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mendbook.audits import audit
from mendbook.config import Settings
from mendbook.database import Database
from mendbook.errors import ConnectionFailed, QueryStopped
from mendbook.files.publish import publish
from mendbook.model import FINDINGS_FILE, LogsRead
from mendbook.plans.files import PlanFile
from mendbook.repairs.apply import Progress, apply
from mendbook.reports import receipt


def apply_and_audit(
    database: Database,
    settings: Settings,
    plan: PlanFile,
    outputs: Path,
    folder: Path,
    commit: bool,
    progress: Progress | None = None,
    stopped: Callable[[], bool] | None = None,
    logs: Callable[[], LogsRead] | None = None,
) -> dict[str, Any]:
    """What ``apply`` tells, and ``remaining``: the cases of each kind that an audit still finds afterwards.

    After a rehearsal nothing has gone yet: there ``remaining`` is what the audit found and the difference that the rehearsed
    batches made while they lasted. Leaves result.json, the receipt and audit/ in ``folder``; of a rehearsal, both under
    names that say so. Raises as ``apply`` and ``audit.take`` do.
    """
    begun = datetime.now(UTC)
    report = apply(database, settings, plan, outputs, commit, progress, stopped)
    audited = folder / ("audit" if commit else "rehearsal-audit")
    audited.mkdir(exist_ok=True)  # a run may rehearse and then apply, each once more after a failure
    try:
        taken = audit.take(database, None, audited, progress, logs)
    except (ConnectionFailed, QueryStopped) as error:
        if commit:
            error.hint = (
                "What was applied is in the ledger; it was the audit after it that failed. Type the same command again."
            )
        raise
    counts = {kind: int(count["cases"]) for kind, count in taken["counts"].items()}
    counts = {kind: max(0, cases + report["difference"].get(kind, 0)) for kind, cases in counts.items()}
    whole = {
        **report,
        "begun_at": begun.isoformat(timespec="milliseconds"),
        "remaining": counts,
        "audit": str(audited / FINDINGS_FILE),
        "folder": str(folder),
    }
    whole["receipt"] = receipt.publish_receipt(receipt.document(whole, taken, audited, plan, settings), folder, plan)
    publish(folder / "result.json", json.dumps(whole, indent=2, ensure_ascii=False) + "\n")
    return whole

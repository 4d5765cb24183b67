"""How to check a receipt by hand: commands for a shell, with sha256sum, ssh-keygen and psql, and nothing of mendbook.

Texts only; it runs nothing. Every name in them is quoted for the shell: folders and people are called what somebody chose.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from shlex import quote
from typing import Any

from mendbook.config import Settings, url_variable
from mendbook.database import Database
from mendbook.plans.files import PLAN_FILE, PlanFile
from mendbook.reviews.approvals import revoked_file, signers_file
from mendbook.reviews.statements import decisions_file, moment, signature_file
from mendbook.signing.signatures import Namespace


def checks(plan: PlanFile, settings: Settings, report: Mapping[str, Any], audit: Mapping[str, Any]) -> list[dict[str, str]]:
    """{what, command} for each thing to check, to be typed in the plan's folder; each command fails where it does not hold."""
    return [
        {"what": what, "command": command}
        for what, command in (
            *_of_the_plan(plan, report),
            *_of_the_signatures(settings, report),
            *_of_the_ledger(plan, settings, report),
            *_of_the_audit(plan, audit),
        )
    ]


def _sum(digest: str, file: str) -> str:
    return f"echo {quote(f'{digest}  {file}')} | sha256sum -c"


def _of_the_plan(plan: PlanFile, report: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "Go to the plan's folder; the commands below are typed there.", f"cd {quote(str(plan.folder))}"
    yield "The plan is the one that was signed and applied.", _sum(plan.digest, PLAN_FILE)
    for each in _statements(report):
        signed = _sum(each["digest"], each["statement"])
        bound = f"""grep -q {quote(f'"digest":"{plan.digest}"')} {quote(each["statement"])} && echo bound to the plan"""
        yield f"What {each['person']} signed is unchanged, and speaks of this very plan.", f"{signed} && {bound}"
    for each in report["people"]["reviewers"]:
        decisions = quote(decisions_file(each["statement"]))
        found = f"""grep -q '"decisions":"'"$(sha256sum < {decisions} | cut -c 1-64)"'"' {quote(each["statement"])}"""
        yield f"The decisions in the file are those that {each['person']} signed.", f"{found} && echo the signed decisions"


def _statements(report: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [report["people"]["author"], *report["people"]["reviewers"]]


def _of_the_signatures(settings: Settings, report: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    signers, revoked = quote(str(signers_file(settings))), revoked_file(settings)
    at = [each["at"] for each in report["ledger"]["batches"][-1:]] or [report["begun_at"]]
    held = f"-O verify-time={_stamp(at[0])}" + (f" -r {quote(str(revoked))}" if revoked else "")
    for number, each in enumerate(_statements(report)):
        namespace = Namespace.REVIEW if number else Namespace.PLAN
        signature, file = quote(signature_file(each["statement"])), quote(each["statement"])
        yield (
            f"The signature is that of {each['person']}, by the key {each['key']}, and held when the plan was applied.",
            f"ssh-keygen -Y verify -f {signers} -I {quote(each['person'])} -n {namespace} -s {signature} {held} < {file}",
        )


def _stamp(text: str) -> str:
    at = moment(text) or datetime.fromisoformat(text)
    return f"{at.astimezone(UTC):%Y%m%d%H%M%SZ}"


def _of_the_ledger(plan: PlanFile, settings: Settings, report: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if not report["ledger"]["batches"]:
        return
    source = settings.source(plan.header.source)
    by_hand = Database(source, settings).dialect.ledger().by_hand(url_variable(source), plan.id)
    yield "The ledger has the batches that stand above, by position and hash.", by_hand
    yield "The ledger is whole: every row fits the one before.", f"mendbook ledger verify {quote(plan.header.source)}"


def _of_the_audit(plan: PlanFile, audit: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, digest in audit["digests"].items():
        yield (
            f"The audit's {name} is as it was written.",
            _sum(digest, os.path.relpath(Path(audit["folder"]) / name, plan.folder)),
        )
    yield "Look again yourself: what is found, now, is found anew.", f"mendbook audit {quote(plan.header.source)}"

"""What to tell of runs: new damage, incidents after a deploy that was to end them, runs that failed and runs that were missed.

It reads the run history's entries and the result files in the folders of runs, and writes nothing. A folder that cannot be read
tells of nothing, and ends nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from mendbook.alerts.happenings import LONGEST_REASON, Happening, Situation, at, instant, under
from mendbook.audits import results
from mendbook.display import inert, mask_text
from mendbook.errors import OutputError
from mendbook.incidents.results import is_incidents, rate_text
from mendbook.rates.words import an_amount, count
from mendbook.scheduling.history_schema import FAILED, FINISHED, MISSED, REFUSED, TIMED_OUT, Entry

#: How long new damage that an earlier audit found is still told to a sink that did not hear of it.
EVENTS = timedelta(days=3)
#: After so long without another, missed runs are over.
CALM = timedelta(days=1)

_MOST_AUDITS = 30
_VERBS = {FAILED: "failed", TIMED_OUT: "ran out of time", REFUSED: "was refused"}


def of_run(entry: Entry, now: datetime) -> Situation:
    """What the newest finished run of a job over a source tells: new damage, or incidents after a deploy."""
    name = f"{entry.job}/{entry.source}"
    keys = {f"new_damage/{name}", f"incident_after_fix/{name}"}
    try:
        folder = Path(entry.folder or "")
        result = results.read_result(folder) if entry.folder else {}
        if results.is_audit(result):
            return _of_audit(f"new_damage/{name}", folder, result, now)
        if is_incidents(result):
            return _of_incidents(f"incident_after_fix/{name}", folder, result)
    except (OutputError, OSError, KeyError, TypeError, ValueError, AttributeError):
        return Situation(unknown=keys)  # a folder that cannot be read tells of nothing, and ends nothing
    return Situation()


def _of_audit(key: str, newest: Path, result: Mapping[str, Any], now: datetime) -> Situation:
    """New damage of this audit, and of those before it back to where it is old news: a person's audits count too."""
    found, folder, audit = Situation(), newest, result
    for _ in range(_MOST_AUDITS):
        change = audit.get("change")
        taken = instant(audit["taken_at"])
        if not isinstance(change, Mapping) or (folder != newest and now - taken > EVENTS):
            break
        kinds = {kind: numbers for kind, numbers in change["kinds"].items() if int(numbers["new"])}
        if kinds:
            found.happenings.append(_new_damage(key, folder, audit, kinds, lasts=folder == newest))
        before = newest.parent / Path(str((change.get("since") or {}).get("folder", ""))).name
        if before in (folder, newest.parent) or not (before / results.RESULT).is_file():
            break
        folder, audit = before, results.read_result(before)
    left, source = results.total(dict(result))[0], str(result["source"])
    still = f"{count(left, 'case')} of damage {'is' if left == 1 else 'are'} still there" if left else "no damage is left"
    found.endings[key] = f"{source}: no new damage in the audit of {at(instant(result['taken_at']))}; {still}"
    return found


def _new_damage(
    key: str, folder: Path, audit: Mapping[str, Any], kinds: Mapping[str, Mapping[str, int]], lasts: bool
) -> Happening:
    source = str(audit["source"])
    new = sum(int(numbers["new"]) for numbers in kinds.values())
    lines = [
        f"{kind}: {int(numbers['new']):,} new, {int(numbers['gone']):,} gone, {int(numbers['staying']):,} there before"
        for kind, numbers in sorted(kinds.items(), key=lambda item: (-int(item[1]["new"]), item[0]))
    ]
    since = (audit["change"].get("since") or {}).get("taken_at")
    lines.append(
        f"found by the audit of {at(instant(audit['taken_at']))}" + (f", since that of {at(instant(since))}" if since else "")
    )
    command = f"mendbook plan {source} --author NAME --key FILE"
    if set(kinds) == {"missing_constraint"}:
        command = f"mendbook guard {source}"
    title = f"{source}: {count(new, 'new case')} of damage"
    return Happening("new_damage", key, source, folder.name, title, tuple(lines), under(folder), command, lasts=lasts)


def _of_incidents(key: str, folder: Path, result: Mapping[str, Any]) -> Situation:
    """Incidents since the last deploy of those that were named: that is the one that was to end them."""
    source = str(result["source"])
    read = [each for each in result["deploys"] if float(each["after"]["days"]) > 0]
    if not read:
        return Situation(endings={key: f"{source}: no time after a deploy was read"})
    deploy = read[-1]
    name, since = inert(mask_text(str(deploy["name"])), 80), instant(deploy["at"])
    number, days = int(deploy["after"]["incidents"]), timedelta(days=float(deploy["after"]["days"]))
    if not number or result.get("still_bleeding") is False:
        last = f"{count(number, 'incident')} since the deploy {name} ({at(since)}), and none lately"
        return Situation(endings={key: f"{source}: {last if number else f'no incident since the deploy {name} ({at(since)})'}"})
    lines = (
        f"{count(number, 'incident')} in the {an_amount(days)} since the deploy {name} ({at(since)})",
        f"before it {rate_text(deploy['before'])}",
        f"after it {rate_text(deploy['after'])}",
        f"what came of it: {deploy['verdict']}",
    )
    command = f"mendbook guard {source}"
    title = f"{source}: {count(number, 'incident')} after the deploy that was to end them"
    told = f"{deploy['at']} {name}"
    return Situation([Happening("incident_after_fix", key, source, told, title, lines, under(folder), command, count=number)])


def of_history(entries: Sequence[Entry], now: datetime) -> Situation:
    """Failed and missed runs of one job over one source; its ``entries``, newest first."""
    if not entries:
        return Situation()
    situation = Situation()
    ended = [entry for entry in entries if entry.state in (FINISHED, *_VERBS)]
    for each in (_failed(ended), _missed(entries, ended, now)):
        situation.add(each)
    return situation


def _failed(ended: Sequence[Entry]) -> Situation:
    if not ended:
        return Situation()
    last = ended[0]
    name, key = f"{last.job}/{last.source}", f"run_failed/{last.job}/{last.source}"
    if last.state == FINISHED:
        return Situation(endings={key: f"{last.job} of {last.source}: the run of {at(last.scheduled)} finished"})
    times = next((place for place, entry in enumerate(ended) if entry.state == FINISHED), len(ended))
    said, reason = _reason(last)
    verb = _VERBS[last.state]
    lines = [f"the run of {at(last.scheduled)} {verb}" + (f" on {last.host}" if last.host else ""), said]
    if times > 1:
        lines.append(f"{times} runs in a row, the first of {at(ended[times - 1].scheduled)}")
    applies = "apply" in last.notebook
    command = "mendbook schedule show" if applies else f"mendbook doctor {last.source}"
    title = f"{name}: the run {verb}"
    folder = under(Path(last.folder)) if last.folder else ""
    return Situation(
        [
            Happening(
                "run_failed", key, last.source, f"{last.state} {reason}", title, tuple(filter(None, lines)), folder, command,
                f"{last.job} {last.state} {reason}",
            )
        ]
    )  # fmt: skip


def _missed(entries: Sequence[Entry], ended: Sequence[Entry], now: datetime) -> Situation:
    missed = [entry for entry in entries if entry.state == MISSED]
    if not missed:
        return Situation()
    last = missed[0]
    key = f"run_missed/{last.job}/{last.source}"
    caught_up = bool(ended) and ended[0].scheduled > last.scheduled
    if caught_up and now - last.scheduled > CALM:
        return Situation(endings={key: f"{last.job} of {last.source}: no run was missed since {at(last.scheduled)}"})
    newer = [entry for entry in missed if last.scheduled - entry.scheduled <= CALM]
    said, reason = _reason(last)
    when = at(last.scheduled) if len(newer) == 1 else f"{at(newer[-1].scheduled)} to {at(last.scheduled)}"
    lines = [f"{count(len(newer), 'run')} missed: {when}", said]
    lines.append(f"the run of {at(ended[0].scheduled)} took place after that" if caught_up else "no run took place after that")
    title = f"{last.job}/{last.source}: {count(len(newer), 'run')} missed"
    return Situation(
        [
            # Where a job is slower than its schedule, every tick misses one: told again when there are twice as many.
            Happening(
                "run_missed", key, last.source, reason, title, tuple(filter(None, lines)), "", "mendbook schedule show",
                f"{last.job} {reason}", len(newer).bit_length(),
            )
        ]
    )  # fmt: skip


def _reason(entry: Entry) -> tuple[str, str]:
    """Why, in one line to read, and without what differs from run to run and from source to source."""
    said = inert(mask_text(" ".join((entry.error or "").split())), LONGEST_REASON)
    same = re.sub(rf"(?<![\w-]){re.escape(entry.source)}(?![\w-])", "SOURCE", said)
    return said, re.sub(r"[0-9a-f]*\d[0-9a-f]*", "#", same)

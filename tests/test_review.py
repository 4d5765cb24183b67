"""Signing decisions by real keys: what is written, what is kept, and what cannot be signed."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from mendbook.digests import canonical
from mendbook.errors import ConfigError, MendbookError, OutputError, Refused, SignatureError
from mendbook.plans.files import PlanFile
from mendbook.reviews import review
from mendbook.reviews.decisions import Choice, Details
from mendbook.reviews.review import Signed
from mendbook.reviews.statements import review_file
from support.plans import AUTHOR, BLOCKED, CASES, CODE, FILL, MADE, NAMES, NOW, OTHER, PLAIN, REVIEWER, SECOND, TWICE, House
from support.plans import house as make_house

FILE = review_file(REVIEWER)

pytestmark = pytest.mark.skipif(not shutil.which("ssh-keygen"), reason="needs ssh-keygen")


@pytest.fixture
def house(tmp_path: Path) -> House:
    return make_house(tmp_path)


@pytest.fixture
def plan(house: House) -> PlanFile:
    made = house.plan()
    review.sign_as_author(made, AUTHOR, house.key(AUTHOR), house.settings, MADE)
    return made


def decide(plan: PlanFile, verb: str = "approve", of: Any = "all", who: str = REVIEWER, **details: Any) -> None:
    review.decide(plan, who, [Choice(verb, of)], NOW, Details(**details))


def sign(house: House, plan: PlanFile, who: str = REVIEWER, **other: Any) -> Signed:
    given = {"key": house.key(who), "settings": house.settings, "at": NOW, **other}
    return review.sign(plan, who, **given)


def files(plan: PlanFile, pattern: str = "review-*") -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(plan.folder.glob(pattern))}


# -- what is written -----------------------------------------------------------------------------------------------------


def test_a_signed_review(house: House, plan: PlanFile) -> None:
    decide(plan, comment="as agreed")
    decide(plan, "reject", "2")
    decide(plan, of="4", waive=["4=privileged"])
    signed = sign(house, plan)
    assert signed.counts == {"approve": 4, "reject": 1, "defer": 0}
    assert (signed.cases, signed.missing, signed.warnings) == (6, 0, ())
    lines = (plan.folder / f"{FILE}l").read_bytes()
    assert [(each["case"], each["decision"], each["comment"]) for each in canonical.read_lines(lines)] == [
        (PLAIN, "approve", "as agreed"),
        (OTHER, "reject", ""),
        (CODE, "approve", "as agreed"),
        (FILL, "approve", "as agreed"),
        (BLOCKED, "approve", ""),
    ]
    shown = b"".join(plan.path.read_bytes().splitlines(keepends=True)[1:6])
    assert canonical.read((plan.folder / FILE).read_bytes()) == {
        "format": "mendbook-review@1",
        "plan": plan.id,
        "digest": plan.digest,
        "act": "apply",
        "source": "shop",
        "identity": plan.header.identity,
        "schema": canonical.digest(canonical.line(plan.header.schema)),
        "policy": {"approvals": 1, "approvals_by_risk": {}},
        "expires": plan.header.expires,
        "reviewer": REVIEWER,
        "at": "2026-06-01T13:00:00Z",
        "number": 1,
        "decisions": canonical.digest(lines),
        "shown": canonical.digest(shown),
        "counts": {"approve": 4, "reject": 1, "defer": 0},
    }
    assert (signed.path, signed.digest) == (plan.folder / FILE, canonical.digest((plan.folder / FILE).read_bytes()))
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in plan.folder.iterdir())


def test_signing_again_keeps_what_was_signed(house: House, plan: PlanFile) -> None:
    decide(plan)
    sign(house, plan)
    first = files(plan)
    decide(plan, "reject", "all")
    assert sign(house, plan).counts == {"approve": 0, "reject": 6, "defer": 0}
    decide(plan, "defer", "2")
    sign(house, plan)
    stem = FILE.removesuffix(".json")
    for name, data in first.items():
        assert (plan.folder / name.replace(stem, f"{stem}.1")).read_bytes() == data
    assert len(files(plan)) == 9
    assert json.loads((plan.folder / FILE).read_bytes())["number"] == 3
    assert review.states(plan) == {**dict.fromkeys(NAMES, "rejected"), OTHER: "deferred"}


@pytest.mark.parametrize("stop", range(6))
def test_signing_cut_short_is_noticed_and_can_be_done_again(house: House, plan: PlanFile, monkeypatch: Any, stop: int) -> None:
    """Killed before any of the six files that a second signature writes."""
    decide(plan)
    sign(house, plan)
    first = {name.replace(".json", ".1.json"): data for name, data in files(plan).items()}
    decide(plan, "reject", "all")
    publish, left = review.publish, [stop]

    def killed(*arguments: Any) -> Path:
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1
        return publish(*arguments)

    monkeypatch.setattr(review, "publish", killed)
    with pytest.raises(KeyboardInterrupt):
        sign(house, plan)
    monkeypatch.undo()
    try:
        assert set(review.approvals(plan, house.settings, NOW).counts) == {"approved", "undecided"}
        assert stop < 3, "nothing but copies was made"
    except SignatureError:
        assert stop >= 3
    sign(house, plan)
    assert review.approvals(plan, house.settings, NOW).counts == {"rejected": 6}
    assert {name: data for name, data in files(plan).items() if ".1." in name} == first


def test_two_processes_that_sign(house: House, plan: PlanFile) -> None:
    decide(plan)
    context = multiprocessing.get_context("fork")
    running = [context.Process(target=sign, args=(house, plan)) for _ in range(4)]
    for each in running:
        each.start()
    for each in running:
        each.join()
        assert each.exitcode == 0
    assert json.loads((plan.folder / FILE).read_bytes())["number"] == 4
    assert review.approvals(plan, house.settings, NOW).counts == {"approved": 4, "undecided": 2}


def test_a_plan_without_cases(house: House) -> None:
    plan = house.plan([])
    review.sign_as_author(plan, AUTHOR, house.key(AUTHOR), house.settings, MADE)
    assert review.approvals(plan, house.settings, NOW).verdicts == {}
    decide(plan)
    assert sign(house, plan).cases == 0


# -- what is shown -------------------------------------------------------------------------------------------------------


def test_states(house: House, plan: PlanFile) -> None:
    undecided = {**dict.fromkeys(NAMES, "undecided"), BLOCKED: "blocked", TWICE: "blocked"}
    assert review.states(plan) == undecided
    decide(plan)
    decide(plan, "reject", "4")
    decide(plan, "defer", "2")
    assert review.states(plan) == undecided, "nothing is signed"
    would = review.told(plan, {REVIEWER: review.saved(plan, REVIEWER)})
    assert would[OTHER].why == f"deferred by {REVIEWER}"
    sign(house, plan)
    wanted = {**dict.fromkeys(NAMES, "approved"), BLOCKED: "rejected", OTHER: "deferred", TWICE: "blocked"}
    assert review.states(plan) == wanted == {name: verdict.state for name, verdict in would.items()}
    assert review.told(plan)[TWICE].why == "it is blocked (both_used, trigger), and nobody has decided on it"


def test_what_is_missing_is_told(house: House) -> None:
    house.configure("approvals_by_risk = { high = 2, medium = 2 }")
    plan = house.plan(policy=house.settings.review.policy)
    review.sign_as_author(plan, AUTHOR, house.key(AUTHOR), house.settings, MADE)
    decide(plan)
    assert sign(house, plan).missing == 1
    decide(plan, of="missing_code", who=SECOND)
    assert sign(house, plan, SECOND).missing == 0
    assert review.states(plan)[CODE] == "approved"


def test_somebody_elses_broken_files_are_told(house: House, plan: PlanFile) -> None:
    decide(plan, who=SECOND)
    sign(house, plan, SECOND)
    (plan.folder / f"{review_file(SECOND)}.sig").unlink()
    decide(plan)
    (warning,) = sign(house, plan).warnings
    assert f"{review_file(SECOND)}.sig beside the plan does not hold: it is missing" in warning


# -- what cannot be signed -----------------------------------------------------------------------------------------------


def refused(house: House, plan: PlanFile, kind: type[MendbookError], why: str, who: str = REVIEWER, **other: Any) -> None:
    before = files(plan)
    with pytest.raises(kind, match=why):
        sign(house, plan, who, **other)
    assert files(plan) == before, "nothing is published"


def test_nothing_decided(house: House, plan: PlanFile) -> None:
    refused(house, plan, ConfigError, "has decided nothing")


def test_ones_own_plan(house: House, plan: PlanFile) -> None:
    refused(house, plan, SignatureError, "nobody approves their own plan", AUTHOR)
    refused(house, plan, SignatureError, "nobody approves their own plan", AUTHOR.upper(), key=house.key(REVIEWER))


def test_a_key_that_is_not_ones_own(house: House, plan: PlanFile) -> None:
    decide(plan)
    refused(house, plan, SignatureError, f"its key is that of '{SECOND}'", key=house.key(SECOND))
    refused(house, plan, SignatureError, f"its key is that of '{AUTHOR}'", key=house.key(AUTHOR))
    refused(house, plan, SignatureError, "its key is nobody's", key=house.key("stranger"))
    refused(house, plan, SignatureError, "there is no", key=house.folder / "missing")


def test_somebody_who_is_not_in_the_list(house: House, plan: PlanFile) -> None:
    decide(plan, who="stranger@example.com")
    refused(house, plan, SignatureError, "names nobody called 'stranger@example.com'", "stranger@example.com")


def test_the_authors_key_under_another_name(house: House, plan: PlanFile) -> None:
    """A certificate can make one key that of two people; the file of people cannot."""
    authority, key = house.key("authority"), house.key(AUTHOR)
    subprocess.run(["ssh-keygen", "-q", "-s", authority, "-I", "id", "-n", REVIEWER, key], check=True, capture_output=True)
    house.allow(f"{AUTHOR} {house.public(AUTHOR)}", f"*@example.com cert-authority {house.public('authority')}")
    decide(plan)
    refused(house, plan, SignatureError, "the key of", key=Path(f"{key}-cert.pub"))


def test_an_expired_plan(house: House, plan: PlanFile) -> None:
    decide(plan)
    refused(house, plan, Refused, "expired", at=MADE + timedelta(days=7))


def test_a_clock_that_is_wrong_by_a_day(house: House, plan: PlanFile) -> None:
    decide(plan)
    refused(house, plan, Refused, "It is 2026-05-31T12:00:00Z here", at=MADE - timedelta(days=1))


def test_another_policy_by_now(house: House, plan: PlanFile) -> None:
    decide(plan)
    house.configure("approvals = 2")
    refused(house, plan, Refused, "made where approvals was 1")


def test_a_plan_that_its_author_did_not_sign(house: House) -> None:
    plan = house.plan()
    decide(plan)
    refused(house, plan, Refused, "not signed by its author")
    (plan.folder / "author.json").write_text("{}\n")
    refused(house, plan, SignatureError, "author.json.sig beside the plan does not hold: it is missing")


def test_what_others_left_there_is_no_reason_not_to_sign(house: House, plan: PlanFile) -> None:
    """Theirs to mend; who applies the plan is refused until they have."""
    (plan.folder / "review-notes.txt").write_text("by hand")
    decide(plan)
    assert sign(house, plan).warnings
    with pytest.raises(SignatureError, match="mendbook writes no file of that name"):
        review.approvals(plan, house.settings, NOW)


def test_a_folder_that_cannot_be_written(house: House, plan: PlanFile) -> None:
    decide(plan)
    (plan.folder / f".{FILE}.lock").mkdir()
    refused(house, plan, OutputError, "Cannot write")


# -- the author ----------------------------------------------------------------------------------------------------------


def test_signing_as_the_author(house: House) -> None:
    plan = house.plan()
    for who, key, why in (
        (REVIEWER, REVIEWER, "is not the author"),
        (AUTHOR, REVIEWER, "its key is that of"),
        (AUTHOR, "stranger", "its key is nobody's"),
    ):
        with pytest.raises(SignatureError, match=why):
            review.sign_as_author(plan, who, house.key(key), house.settings, MADE)
        assert files(plan, "author*") == {}
    with pytest.raises(Refused, match="by the database's clock"):
        review.sign_as_author(plan, AUTHOR, house.key(AUTHOR), house.settings, MADE - timedelta(days=1))
    review.sign_as_author(plan, AUTHOR, house.key(AUTHOR), house.settings, MADE)
    statement = json.loads((plan.folder / "author.json").read_bytes())
    assert (statement["author"], statement["digest"], statement["at"]) == (AUTHOR, plan.digest, "2026-06-01T12:00:00Z")


def test_who_can_sign(house: House) -> None:
    review.check_can_sign(AUTHOR, house.key(AUTHOR), house.settings)
    for who, key, why in (
        ("*", AUTHOR, "cannot name a person"),
        ("nobody@example.com", AUTHOR, "names nobody"),
        (AUTHOR, SECOND, "its key is that of"),
        (AUTHOR, "stranger", "its key is nobody's"),
    ):
        with pytest.raises(SignatureError, match=why):
            review.check_can_sign(who, house.key(key), house.settings)
    house.allow(f'{AUTHOR} namespaces="mendbook-review@v1" {house.public(AUTHOR)}')
    with pytest.raises(SignatureError, match="namespace"):
        review.check_can_sign(AUTHOR, house.key(AUTHOR), house.settings)
    yesterday = datetime.now(UTC) - timedelta(days=1)
    house.allow(f'{AUTHOR} valid-before="{yesterday:%Y%m%d}" {house.public(AUTHOR)}')
    with pytest.raises(SignatureError, match="expired"):
        review.check_can_sign(AUTHOR, house.key(AUTHOR), house.settings)


def test_a_passphrase_that_nobody_types(house: House, plan: PlanFile, monkeypatch: Any) -> None:
    decide(plan)
    locked = house.folder / "locked"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "a phrase", "-C", "", "-f", locked], check=True)
    house.allow(f"{AUTHOR} {house.public(AUTHOR)}", f"{REVIEWER} {Path(f'{locked}.pub').read_text().strip()}")
    monkeypatch.setitem(os.environ, "SSH_ASKPASS_REQUIRE", "force")
    monkeypatch.setitem(os.environ, "SSH_ASKPASS", "/bin/false")
    refused(house, plan, SignatureError, "Could not sign", key=locked)


def test_the_cases_here_are_what_they_are_called() -> None:
    assert [each.name for each in CASES] == list(NAMES)

"""Whether a plan is approved: what holds, and every way of being fooled that must not work."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from mendbook.digests import canonical
from mendbook.errors import MendbookError, OutputError, Refused, SignatureError
from mendbook.plans import files as plan_files
from mendbook.plans.files import PlanFile
from mendbook.reviews import review, statements
from mendbook.reviews.decisions import Choice, Details
from mendbook.reviews.statements import review_file
from mendbook.signing import signatures, sshsig
from mendbook.signing.signatures import Namespace
from support.plans import AUTHOR, BLOCKED, CODE, FILL, MADE, NAMES, NOW, OTHER, PLAIN, REVIEWER, SECOND, TWICE, House, case
from support.plans import house as make_house

FILE = review_file(REVIEWER)

pytestmark = pytest.mark.skipif(not shutil.which("ssh-keygen"), reason="needs ssh-keygen")


@pytest.fixture(scope="module")
def approved(tmp_path_factory: pytest.TempPathFactory) -> House:
    """A house with a plan that one reviewer has approved, of which tests get copies."""
    made = make_house(tmp_path_factory.mktemp("approved"))
    signed = author(made, made.plan())
    approve(made, signed)
    return made


@pytest.fixture
def house(approved: House, tmp_path: Path) -> House:
    """The same people with the same keys, without a plan."""
    shutil.copytree(approved.folder, tmp_path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("outputs"))
    return House(tmp_path)


def author(house: House, plan: PlanFile) -> PlanFile:
    review.sign_as_author(plan, plan.header.author, house.key(plan.header.author), house.settings, MADE)
    return plan


def approve(house: House, plan: PlanFile, who: str = REVIEWER, verb: str = "approve", of: Any = "all", **details: Any) -> None:
    review.decide(plan, who, [Choice(verb, of)], NOW, Details(**details))
    review.sign(plan, who, house.key(who), house.settings, NOW)


@pytest.fixture
def plan(approved: House, house: House) -> PlanFile:
    """A plan that one reviewer has approved."""
    shutil.copytree(approved.outputs, house.outputs)
    [folder] = (house.outputs / "plans").iterdir()
    return plan_files.read(folder)


def approvals(house: House, plan: PlanFile, at: datetime = NOW) -> review.Approvals:
    return review.approvals(plan_files.read(plan.folder), house.settings, at)


def refusal(house: House, plan: PlanFile, why: str, kind: type[MendbookError] = SignatureError, at: datetime = NOW) -> None:
    with pytest.raises(kind, match=why):
        approvals(house, plan, at)


# -- what holds ----------------------------------------------------------------------------------------------------------


def test_an_approved_plan(house: House, plan: PlanFile) -> None:
    found = approvals(house, plan)
    assert found.approved == [PLAIN, OTHER, CODE, FILL]
    assert found.counts == {"approved": 4, "undecided": 2}
    assert list(found.verdicts) == list(NAMES)
    assert found.verdicts[PLAIN].by == (REVIEWER,)
    assert (found.plan, found.author.person) == (plan.digest, AUTHOR)
    assert [each.person for each in found.reviewers] == [REVIEWER]
    assert found.statements == (canonical.digest((plan.folder / FILE).read_bytes()),)


def test_the_database_may_tell_its_time_in_any_zone(house: House, plan: PlanFile) -> None:
    assert approvals(house, plan, NOW.astimezone(timezone(timedelta(hours=13)))).counts["approved"] == 4
    with pytest.raises(ValueError, match="time zone"):
        approvals(house, plan, NOW.replace(tzinfo=None))


def test_several_people(house: House, plan: PlanFile) -> None:
    approve(house, plan, SECOND, "reject", "2", comment="a mistake")
    approve(house, plan, SECOND, of="4", waive=["4=privileged"])
    approve(house, plan, SECOND, of="9", decline=["9=phone"])
    found = approvals(house, plan)
    assert {name: verdict.state for name, verdict in found.verdicts.items()} == {
        PLAIN: "approved",
        OTHER: "rejected",
        CODE: "approved",
        FILL: "undecided",
        BLOCKED: "approved",
        TWICE: "undecided",
    }
    assert found.verdicts[BLOCKED].waived == ("privileged",)
    assert found.verdicts[OTHER].why == f"rejected by {SECOND}: a mistake"
    assert found.verdicts[FILL].why == "its reviewers choose differently of phone"
    assert len(found.statements) == 2


def test_thresholds(house: House) -> None:
    house.configure("approvals = 1\napprovals_by_risk = { medium = 2, high = 3 }")
    plan = author(house, house.plan(policy=house.settings.review.policy))
    approve(house, plan)
    approve(house, plan, of="4", waive=["4=privileged"])
    assert approvals(house, plan).approved == [PLAIN, OTHER, FILL]
    approve(house, plan, SECOND)
    approve(house, plan, SECOND, of="4", waive=["4=privileged"])
    found = approvals(house, plan)
    assert found.approved == [PLAIN, OTHER, CODE, FILL]
    assert (found.verdicts[BLOCKED].why, found.verdicts[BLOCKED].missing) == ("2 of 3 people have approved it", 1)


def test_a_large_plan_is_told_case_by_case(house: House) -> None:
    cases = [case(str(number)) for number in range(3000)]
    plan = author(house, house.plan(cases))
    approve(house, plan)
    found = approvals(house, plan)
    assert len(found.approved) == 3000
    assert len({id(verdict) for verdict in found.verdicts.values()}) == 1, "one value for all of them"


def test_nobody_has_reviewed_it(house: House) -> None:
    plan = author(house, house.plan())
    refusal(house, plan, "Nobody has reviewed", Refused)


def test_nobody_has_signed_it(house: House) -> None:
    refusal(house, house.plan(), "not signed by its author", Refused)


# -- every byte ----------------------------------------------------------------------------------------------------------


def flips(path: Path) -> list[bytes]:
    """The file with each byte changed in turn: one bit of it, which one depends on its place."""
    data = path.read_bytes()
    return [data[:at] + bytes([data[at] ^ (1 << at % 7)]) + data[at + 1 :] for at in range(len(data))]


def is_signature(name: str, data: bytes) -> bool:
    """Whether ``data`` is a signature, by its form."""
    try:
        return name.endswith(".sig") and bool(sshsig.read(data.decode("ascii")))
    except (SignatureError, ValueError):
        return False


@pytest.mark.parametrize("name", ["plan.jsonl", f"{FILE}l", FILE, f"{FILE}.sig", "author.json", "author.json.sig"])
def test_every_byte_counts(house: House, plan: PlanFile, name: str) -> None:
    path = plan.folder / name
    whole, passed, sound = path.read_bytes(), [], 0
    for at, flipped in enumerate(flips(path)):
        if is_signature(name, flipped):  # then ssh-keygen must refuse it: one of twelve, and the last ones, which pad
            sound += 1
            if sound % 12 and at < len(whole) - 40:
                continue
        path.write_bytes(flipped)
        try:
            approvals(house, plan)
            passed.append(at)
        except (SignatureError, Refused):
            pass
    path.write_bytes(whole)
    assert passed == []
    assert approvals(house, plan).counts["approved"] == 4


@pytest.mark.parametrize("name", ["plan.jsonl", f"{FILE}l", FILE, f"{FILE}.sig", "author.json", "author.json.sig"])
@pytest.mark.parametrize("change", [lambda data: data + b"\n", lambda data: data[:-1], lambda _: b"", lambda data: data * 2])
def test_longer_and_shorter_files(house: House, plan: PlanFile, name: str, change: Callable[[bytes], bytes]) -> None:
    path = plan.folder / name
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises((SignatureError, Refused)):
        approvals(house, plan)


@pytest.mark.parametrize("name", [f"{FILE}l", FILE, f"{FILE}.sig", "author.json.sig", "author.json"])
def test_a_file_that_is_gone(house: House, plan: PlanFile, name: str) -> None:
    (plan.folder / name).unlink()
    with pytest.raises(SignatureError, match=f"{name} beside the plan does not hold: it is missing"):
        approvals(house, plan)


# -- statements that somebody signed, but not mendbook -------------------------------------------------------------------


def forge(house: House, signed: PlanFile, /, who: str = REVIEWER, file: str = FILE, lines: Any = None, **changed: Any) -> None:
    """Sign, by a real key, a statement that mendbook would not have written."""
    path = signed.folder / file
    value = {**json.loads(path.read_bytes()), **changed}
    value = {name: each for name, each in value.items() if each is not ...}
    if lines is not None:
        data = b"".join(map(canonical.line, lines)) if isinstance(lines, list) else lines
        (signed.folder / f"{file}l").write_bytes(data)
        value["decisions"] = canonical.digest(data)
    path.write_bytes(canonical.line(value))
    namespace = Namespace.PLAN if file == "author.json" else Namespace.REVIEW
    (signed.folder / f"{file}.sig").write_text(signatures.sign(path.read_bytes(), house.key(who), namespace))


def line(name: str, verb: str = "approve", **more: Any) -> dict[str, Any]:
    return {"case": name, "decision": verb, "comment": "", "waived": [], "accepted": [], "declined": [], **more}


@pytest.mark.parametrize("file", [FILE, "author.json"])
@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"digest": "ab" * 32}, "its digest is not the plan's"),
        ({"plan": "another"}, "its plan is not"),
        ({"act": "undo"}, "its act is not"),
        ({"source": "school"}, "its source is not"),
        ({"identity": {"system": "742", "database": "shop", "number": "5"}}, "its identity is not"),
        ({"schema": "ab" * 32}, "its schema is not"),
        ({"policy": {"approvals": True, "approvals_by_risk": {}}}, "its policy is not"),
        ({"expires": "2027-06-01T12:00:00+00:00"}, "its expires is not"),
        ({"format": "mendbook-review@2"}, "it is no mendbook-"),
        ({"more": 1}, "it is no mendbook-"),
        ({"at": ...}, "it is no mendbook-"),
        ({"at": 1}, "it is no statement"),
        ({"at": "yesterday"}, "its time, 'yesterday', is none"),
        ({"at": "2026-06-01T13:00:00"}, "its time, .* is none"),
        ({"at": "2026-06-01T11:50:00Z"}, "before the plan"),
        ({"at": "2026-06-01T13:10:00Z"}, "a clock is wrong"),
    ],
)
def test_a_statement_on_something_else(house: House, plan: PlanFile, file: str, changed: dict[str, Any], why: str) -> None:
    forge(house, plan, AUTHOR if file == "author.json" else REVIEWER, file, **changed)
    refusal(house, plan, why)


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"reviewer": SECOND}, f"it is that of '{SECOND}', whose file is called"),
        ({"number": 0}, "no statement"),
        ({"number": "1"}, "no statement"),
        ({"decisions": "ab" * 32}, "not the decisions that were signed"),
        ({"shown": "ab" * 32}, "what was shown"),
        ({"counts": {"approve": 5, "reject": 0, "defer": 0}}, "does not say what its decisions are"),
        ({"lines": b"{}"}, "no decision"),
        ({"lines": b"[" * 100_000 + b"\n"}, "no decision"),
        ({"lines": b"\xff\n"}, "no decision"),
        ({"lines": canonical.line(dict.fromkeys(("a", "b")))}, "no decision"),
        ({"lines": json.dumps(line(PLAIN)).encode() + b"\n"}, "another way than the canonical one"),
        ({"lines": canonical.line(line(PLAIN))[:-1]}, "another way than the canonical one"),
        ({"lines": canonical.line(line(PLAIN)).replace(b"{", b'{"case":"x",')}, "another way than the canonical one"),
        ({"lines": [{"case": PLAIN}]}, "no decision"),
    ],
)
def test_a_review_of_something_else(house: House, plan: PlanFile, changed: dict[str, Any], why: str) -> None:
    forge(house, plan, **changed)
    refusal(house, plan, why)


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ([line(BLOCKED)], "it is blocked"),
        ([line(TWICE, waived=["trigger"])], "it is blocked"),
        ([line(PLAIN, waived=["trigger"])], "blocked"),
        ([line(FILL, accepted=["fax"])], "no such options"),
        ([line(OTHER), line(PLAIN)], f"{PLAIN} is no case of the plan, or stands out of its order"),
        ([line(PLAIN), line(PLAIN)], "out of its order"),
        ([line("null_flag/customer/77")], "no case of the plan"),
    ],
)
def test_decisions_that_mendbook_would_not_write(house: House, plan: PlanFile, lines: list[Any], why: str) -> None:
    forge(house, plan, lines=lines)
    refusal(house, plan, why)


def test_a_statement_of_somebody_else_as_the_author(house: House, plan: PlanFile) -> None:
    forge(house, plan, SECOND, "author.json", author=SECOND)
    refusal(house, plan, f"it is that of '{SECOND}', and the plan is")
    forge(house, plan, SECOND, "author.json", author=AUTHOR)
    refusal(house, plan, f"its key is that of '{SECOND}'")


# -- replayed ------------------------------------------------------------------------------------------------------------


def replay(plan: PlanFile, other: PlanFile, pattern: str) -> None:
    for path in plan.folder.glob(pattern):
        shutil.copy(path, other.folder)


@pytest.mark.parametrize(
    "changed",
    [
        {"identity": {"system": "742", "database": "shop", "number": "5"}},
        {"source": "school"},
        {"snapshot": "11:20:"},
        {"made_at": (MADE + timedelta(seconds=1)).isoformat()},
        {"act": "undo"},
    ],
)
def test_an_approval_of_another_plan(house: House, plan: PlanFile, changed: dict[str, Any]) -> None:
    other = house.plan(**changed)
    replay(plan, other, "author*")
    refusal(house, other, "author.json .* it was made for another")
    author(house, other)
    replay(plan, other, "review-*")
    refusal(house, other, "review-.* it was made for another")


def test_decisions_saved_for_another_plan_are_not_signed(house: House, plan: PlanFile) -> None:
    other = author(house, house.plan(snapshot="11:20:"))
    replay(plan, other, "decisions-*")
    with pytest.raises(Refused, match="of another plan"):
        review.sign(other, REVIEWER, house.key(REVIEWER), house.settings, NOW)


def test_an_older_statement_in_the_place_of_a_newer(house: House, plan: PlanFile) -> None:
    approve(house, plan, verb="reject")
    stem = FILE.removesuffix(".json")
    for part in (".jsonl", ".json", ".json.sig"):
        shutil.copy(plan.folder / f"{stem}.1{part}", plan.folder / f"{stem}{part}")
    refusal(house, plan, "replaced by a newer one")


def test_a_signature_for_another_purpose(house: House, plan: PlanFile) -> None:
    for file, who, namespace in ((FILE, REVIEWER, Namespace.PLAN), ("author.json", AUTHOR, Namespace.REVIEW)):
        path = plan.folder / f"{file}.sig"
        whole = path.read_text()
        path.write_text(signatures.sign((plan.folder / file).read_bytes(), house.key(who), namespace))
        refusal(house, plan, "it was made for 'mendbook-")
        path.write_text(whole)


def test_a_signature_that_is_no_text(house: House, plan: PlanFile) -> None:
    (plan.folder / f"{FILE}.sig").write_bytes(b"\xff\xfe")
    refusal(house, plan, "it is no signature")


@pytest.mark.parametrize(
    "name", ["review-x.json", "review-notes.txt", "review-", "Review-x.json", "author.json~", "AUTHOR.JSON"]
)
def test_files_that_have_no_business_there(house: House, plan: PlanFile, name: str) -> None:
    (plan.folder / name).write_text("{}")
    refusal(house, plan, f"{name}.* beside the plan does not hold")


def test_other_files_are_nobodys_business(house: House, plan: PlanFile) -> None:
    for name in ("receipt.html", "notes.md", ".review-x.json.aside", "decisions-x.jsonl", "reviewers.txt", "authors"):
        (plan.folder / name).write_text("x")
    assert approvals(house, plan).counts["approved"] == 4


def test_files_that_cannot_be_read(house: House, plan: PlanFile) -> None:
    (plan.folder / FILE).unlink()
    (plan.folder / FILE).mkdir()
    refusal(house, plan, "Cannot read", OutputError)
    (plan.folder / FILE).rmdir()
    os.mkfifo(plan.folder / FILE)  # waiting for somebody to write would last for ever
    refusal(house, plan, "Not a plain file", OutputError)
    with pytest.raises(OutputError, match="Cannot read"):
        statements.read_paper(plan.folder / "missing")


# -- people and keys -----------------------------------------------------------------------------------------------------


def test_ones_own_plan(house: House, plan: PlanFile) -> None:
    """Signed around mendbook's own refusal."""
    own = review_file(AUTHOR)
    for part in ("", ".sig", "l"):
        (plan.folder / f"{FILE}{part}").rename(plan.folder / f"{own}{part}")
    forge(house, plan, AUTHOR, own, reviewer=AUTHOR)
    refusal(house, plan, f"'{AUTHOR}' has signed already")


def test_one_person_with_two_keys(house: House, plan: PlanFile) -> None:
    """Two people whose names an authority vouches for, and who are one."""
    spelled = REVIEWER.upper()
    key = house.key("another")
    certify = ["ssh-keygen", "-q", "-s", house.key("authority"), "-I", "id", "-n", spelled, key]
    subprocess.run(certify, check=True, capture_output=True)
    people = [f"{person} {house.public(person)}" for person in (AUTHOR, REVIEWER)]
    house.allow(*people, f"*@* cert-authority {house.public('authority')}")
    review.decide(plan, spelled, [Choice("approve", "all")], NOW)
    review.sign(plan, spelled, Path(f"{key}-cert.pub"), house.settings, NOW)
    refusal(house, plan, "one person with two keys is one person")


def test_a_swapped_key(house: House, plan: PlanFile) -> None:
    house.allow_people(AUTHOR, SECOND)
    refusal(house, plan, f"names nobody called '{REVIEWER}'")
    house.allow(f"{AUTHOR} {house.public(AUTHOR)}", f"{REVIEWER} {house.public('stranger')}")
    refusal(house, plan, "its key is nobody's")
    house.allow(f"{AUTHOR} {house.public(REVIEWER)}", f"{REVIEWER} {house.public(AUTHOR)}")
    refusal(house, plan, "its key is that of")


def test_a_signature_by_another_key(house: House, plan: PlanFile) -> None:
    (plan.folder / f"{FILE}.sig").write_text(
        signatures.sign((plan.folder / FILE).read_bytes(), house.key(SECOND), Namespace.REVIEW)
    )
    refusal(house, plan, f"its key is that of '{SECOND}'")


@pytest.mark.parametrize("who", [AUTHOR, REVIEWER])
def test_revoked_keys(house: House, plan: PlanFile, who: str) -> None:
    house.configure('revoked = "revoked"')
    refusal(house, plan, "cannot be read")
    (house.folder / "revoked").write_text(house.public(SECOND) + "\n")
    assert approvals(house, plan).counts["approved"] == 4
    (house.folder / "revoked").write_text(house.public(who) + "\n")
    refusal(house, plan, f"The signature of '{who}' does not hold: its key is revoked")


@pytest.mark.parametrize("who", [AUTHOR, REVIEWER])
def test_a_key_that_has_expired_by_the_databases_time(house: House, plan: PlanFile, who: str) -> None:
    others = [f"{person} {house.public(person)}" for person in (AUTHOR, REVIEWER) if person != who]
    house.allow(*others, f'{who} valid-before="20260601130001Z" {house.public(who)}')
    assert approvals(house, plan).counts["approved"] == 4
    refusal(house, plan, "key has expired", at=NOW + timedelta(seconds=2))


# -- time and policy -----------------------------------------------------------------------------------------------------


def test_an_expired_plan(house: House, plan: PlanFile) -> None:
    expires = MADE + timedelta(days=7)
    assert approvals(house, plan, expires - timedelta(seconds=1)).counts["approved"] == 4
    refusal(house, plan, "expired at", Refused, expires)
    unsound = house.plan(expires="some day")
    refusal(house, unsound, "expired at some day", Refused)


def test_a_reviewers_clock_that_is_wrong_by_a_day(house: House) -> None:
    plan = author(house, house.plan())
    review.decide(plan, REVIEWER, [Choice("approve", "all")], NOW)
    review.sign(plan, REVIEWER, house.key(REVIEWER), house.settings, NOW + timedelta(days=1))
    refusal(house, plan, "and it is only 2026-06-01T13:00:00Z: a clock is wrong")
    assert approvals(house, plan, NOW + timedelta(days=1)).counts["approved"] == 4


def test_five_minutes_are_no_matter(house: House) -> None:
    plan = author(house, house.plan())
    review.decide(plan, REVIEWER, [Choice("approve", "all")], NOW)
    review.sign(plan, REVIEWER, house.key(REVIEWER), house.settings, MADE - timedelta(minutes=4))
    assert approvals(house, plan, MADE - timedelta(minutes=4)).counts["approved"] == 4
    refusal(house, plan, "a clock is wrong", at=MADE - timedelta(minutes=6))


def test_a_plan_without_a_time(house: House) -> None:
    with pytest.raises(Refused, match="was made at once by"):
        author(house, house.plan(made_at="once"))


@pytest.mark.parametrize("policy", ["approvals = 2", "approvals_by_risk = { high = 2 }"])
def test_another_policy_by_now(house: House, plan: PlanFile, policy: str) -> None:
    house.configure(policy)
    refusal(house, plan, "under|was made where", Refused)


# -- between batches -----------------------------------------------------------------------------------------------------


def test_the_fingerprint_stays_while_nothing_changes(house: House, plan: PlanFile) -> None:
    house.configure('revoked = "revoked"')
    (house.folder / "revoked").write_text("")
    found = approvals(house, plan)
    (plan.folder / "receipt.json").write_text("{}")
    review.decide(plan, SECOND, [Choice("reject", "all")], NOW)
    assert review.fingerprint(plan, house.settings) == found.fingerprint


def test_verified_again_at_a_later_time(house: House, plan: PlanFile, monkeypatch: Any) -> None:
    house.allow(f"{AUTHOR} {house.public(AUTHOR)}", f'{REVIEWER} valid-before="20260601140000Z" {house.public(REVIEWER)}')
    found = approvals(house, plan)
    monkeypatch.setattr("mendbook.reviews.approvals.outlines", None)
    assert review.approvals_again(plan, house.settings, NOW + timedelta(minutes=30), found) == found
    with pytest.raises(SignatureError, match="key has expired"):
        review.approvals_again(plan, house.settings, NOW + timedelta(hours=2), found)
    with pytest.raises(Refused, match="expired at"):
        review.approvals_again(plan, house.settings, NOW + timedelta(days=8), found)


def test_verified_again_from_the_start_where_a_file_has_changed(house: House, plan: PlanFile) -> None:
    found = approvals(house, plan)
    approve(house, plan, SECOND, "reject")
    assert review.approvals_again(plan, house.settings, NOW, found).counts == {"rejected": 6}


CHANGES: dict[str, Callable[[House, PlanFile], Any]] = {
    "another reviewer": lambda house, plan: approve(house, plan, SECOND, "reject"),
    "signed again": lambda house, plan: approve(house, plan, verb="reject"),
    "a signature": lambda _, plan: (plan.folder / f"{FILE}.sig").write_text("x"),
    "decisions": lambda _, plan: (plan.folder / f"{FILE}l").write_text(""),
    "the author": lambda _, plan: (plan.folder / "author.json").write_text("{}"),
    "the people": lambda house, _: house.allow_people(AUTHOR, REVIEWER),
    "the revoked": lambda house, _: (house.folder / "revoked").write_text(house.public(REVIEWER)),
    "no revoked": lambda house, _: (house.folder / "revoked").unlink(),
    "the plan": lambda _, plan: plan.path.write_bytes(plan.path.read_bytes()),
}


@pytest.mark.parametrize("what", CHANGES)
def test_the_fingerprint_changes_with(house: House, plan: PlanFile, what: str) -> None:
    house.configure('revoked = "revoked"')
    (house.folder / "revoked").write_text("")
    found = approvals(house, plan)
    CHANGES[what](house, plan)
    assert review.fingerprint(plan, house.settings) != found.fingerprint


def test_what_changes_while_it_is_verified_is_refused(house: House, plan: PlanFile, monkeypatch: Any) -> None:
    verify = signatures.verify

    def slow(*arguments: Any) -> Any:
        signer = verify(*arguments)
        house.allow_people(AUTHOR, REVIEWER, "new@example.com")
        return signer

    monkeypatch.setattr("mendbook.reviews.approvals.verify", slow)
    refusal(house, plan, "changed while it was read", Refused)

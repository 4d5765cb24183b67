"""Who is told of what: once, again where it has changed, once that it is over; and nobody's name in any of it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from mendbook.alerts import alerts, sending, watching
from mendbook.alerts import times as alert_times
from mendbook.alerts.happenings import Happening
from mendbook.alerts.sending import Sent, Sink
from mendbook.alerts.text import Message, Places, compose
from mendbook.errors import ConfigError
from mendbook.ledger.verification import FirstBad, LedgerState
from mendbook.scheduling.history import History
from support import alerting
from support.alerting import ALERTS, DAY, HOUR, NOW, PERSON, Hook, Post, Told, Watch
from support.commands import command_in

Open = Callable[..., Watch]
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def plans(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The plans that stand in outputs/."""
    standing: list[Any] = []
    monkeypatch.setattr(watching, "_plans", lambda *_: standing)
    return standing


@pytest.fixture
def open_house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    monkeypatch.setenv("ALERT_URL", "json://one.example/secret-a  json://two.example/secret-b")
    monkeypatch.setattr(watching, "_verified", lambda *_: None)
    opened = []

    def make(more: str = ALERTS) -> Watch:
        context = alerting.watching(tmp_path, more)
        opened.append(context)
        return context.__enter__()

    yield make
    for context in opened:
        context.__exit__(None, None, None)


@pytest.fixture
def house(open_house: Open, monkeypatch: pytest.MonkeyPatch) -> Watch:
    """With one sink."""
    monkeypatch.setenv("ALERT_URL", "json://one.example/secret-a")
    return open_house()


@pytest.fixture
def told() -> Told:
    return Told()


def tick(house: Watch, told: Any, now: datetime = NOW) -> list[alerts.Outcome]:
    return alerts.after_tick(house.settings, house.outputs, house.history, now, told)


def test_new_damage_is_told_once_then_that_there_is_no_more(house: Watch, told: Told) -> None:
    first = house.audit(NOW - 3 * HOUR, {})
    assert tick(house, told) == []
    second = house.audit(NOW - 2 * HOUR, {"null_flag": 2}, first)
    outcome = tick(house, told)
    assert [(each.ok, each.news, each.over) for each in outcome] == [(True, 1, 0)]
    (body,) = told.take()
    assert "null_flag: 2 new, 1 gone, 40 there before" in body
    assert f"look: outputs/runs/{second.name}" in body
    assert "next: mendbook plan shop" in body
    for minutes in range(3):
        assert tick(house, told, NOW + minutes * MINUTE) == []
    third = house.audit(NOW - HOUR, {"null_flag": 5}, second)
    tick(house, told)
    (body,) = told.take()
    assert "null_flag: 5 new" in body
    assert "null_flag: 2 new" not in body
    house.audit(NOW, {"null_flag": 0}, third)
    tick(house, told)
    (body,) = told.take()
    assert body.startswith("IN ORDER AGAIN, OR OVER\n- shop: no new damage in the audit of 2026-11-20 12:00 UTC")
    assert tick(house, told) == []


def test_a_sink_that_was_deaf_gets_what_it_missed_and_the_others_nothing_twice(open_house: Open, told: Told) -> None:
    house = open_house()
    first = house.audit(NOW - 3 * HOUR, {})
    second = house.audit(NOW - 2 * HOUR, {"null_flag": 2}, first)
    told.deaf = {2}
    outcomes = tick(house, told)
    assert [(each.name, each.ok, each.why, each.known) for each in outcomes] == [
        ("sink 1 (ALERT_URL)", True, "", False),
        ("sink 2 (ALERT_URL)", False, "it answered 503", False),
    ]
    assert [number for number, _ in told.got] == [1]
    assert [each.known for each in tick(house, told, NOW + MINUTE)] == [True], "it is tried again, and not said again"
    house.audit(NOW - HOUR, {"null_flag": 0}, second)
    told.take()
    told.deaf = set()
    tick(house, told, NOW + 2 * MINUTE)
    bodies = {number: message.body for number, message in told.got}
    assert "no new damage" in bodies[1]
    assert "null_flag: 2 new" in bodies[2], "what it missed"
    assert "no new damage" not in bodies[2], "it was never told that there was"
    assert tick(house, told, NOW + 3 * MINUTE) == []


def test_a_failure_is_told_once_again_when_it_is_another_and_when_it_is_over(house: Watch, told: Told) -> None:
    for hours in (9, 8, 7):
        house.ran(NOW - hours * HOUR, "failed", error=f"ConnectionFailed: no answer after {hours} s")
        tick(house, told)
    (body,) = told.take()
    assert "RUNS FAILED\n- nightly/shop: the run failed" in body
    house.ran(NOW - 6 * HOUR, "failed", error="MappingError: no such table")
    tick(house, told)
    (body,) = told.take()
    assert "MappingError: no such table" in body
    assert "4 runs in a row" in body
    house.ran(NOW - 5 * HOUR)
    tick(house, told)
    (body,) = told.take()
    over, end = body.split("\n\n")
    assert over == "IN ORDER AGAIN, OR OVER\n- nightly of shop: the run of 2026-11-20 07:00 UTC finished"
    assert end == f"All of it: mendbook alerts show{options(house)}\n"


def options(house: Watch) -> str:
    return f" --config {house.home}/mendbook.toml --outputs {house.outputs}"


def test_growing_counts_are_told_again_and_shrinking_ones_are_not(house: Watch, told: Told) -> None:
    seen = []
    for hour, number in enumerate((2, 2, 5, 3, 4)):
        house.incidents(NOW + hour * HOUR, number)
        tick(house, told, NOW + hour * HOUR)
        seen.append(len(told.take()))
    assert seen == [1, 0, 1, 0, 1]
    house.incidents(NOW + 6 * HOUR, 4, name="the second fix")
    tick(house, told, NOW + 6 * HOUR)
    assert "since the deploy the second fix" in told.take()[0]


def test_what_still_holds_is_told_again_after_remind_days(
    open_house: Open, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALERT_URL", "json://one.example/")
    house = open_house(ALERTS + "remind_days = 2\n")
    house.ran(NOW, "failed", error="x")
    counts = []
    for days in (0, 1, 2, 3, 4):
        tick(house, told, NOW + days * DAY)
        counts.append(len(told.got))
    assert counts == [1, 1, 2, 2, 3]
    assert "(still so)" in told.got[-1][1].body
    assert "(still so)" not in told.got[0][1].body


def test_nothing_is_told_of_topics_that_nobody_asked_for(open_house: Open, told: Told) -> None:
    house = open_house(ALERTS + 'about = ["run_missed"]\n')
    house.ran(NOW - HOUR, "failed", error="x")
    assert tick(house, told) == []
    house.missed(NOW)
    tick(house, told)
    assert ["RUNS MISSED" in body and "FAILED" not in body for body in told.take()] == [True, True]


def test_without_sinks_nothing_is_done(open_house: Open, told: Told) -> None:
    house = open_house("")
    house.ran(NOW, "failed", error="x")
    assert tick(house, told) == []
    assert not alert_times.is_due(house.settings, house.outputs, None, NOW)


def test_a_ledger_is_verified_after_each_audit_and_only_then(house: Watch, told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    states: list[LedgerState | None] = [
        LedgerState(4, "ab", 4),
        LedgerState(4, "ab", 4, FirstBad("it was edited", 3, "p", 3)),
        None,  # a role that may not read it, or a server that is away
        LedgerState(4, "ab", 4),
    ]
    asked: list[str] = []
    monkeypatch.setattr(
        watching, "_verified", lambda _settings, _outputs, source: asked.append(source) or states[len(asked) - 1]
    )
    bodies = []
    for hours in range(4):
        house.audit(NOW + hours * HOUR, {})
        for minutes in range(2):
            tick(house, told, NOW + hours * HOUR + minutes * MINUTE)
        bodies.append(told.take())
    assert asked == ["shop"] * 4
    assert [len(each) for each in bodies] == [0, 1, 0, 1]
    assert (
        "A LEDGER DOES NOT VERIFY\n- shop: the ledger does not verify\n    row 3, plan p, batch 3: it was edited"
        in bodies[1][0]
    )
    assert "shop: the ledger verifies" in bodies[3][0]


def test_a_ledger_that_cannot_be_opened_is_no_alert(house: Watch, told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setenv("ALERT_URL", "json://one.example/")
    monkeypatch.setattr(watching, "_plans", lambda *_: [])
    monkeypatch.setenv("SHOP_URL", "postgresql://nobody@127.0.0.1:1/none")
    house.audit(NOW, {})
    assert tick(house, told) == []


def test_of_two_schedulers_at_once_one_tells(house: Watch) -> None:
    house.ran(NOW, "failed", error="x")
    told, together = Told(), threading.Barrier(2)
    outcomes: list[list[alerts.Outcome]] = []

    def slowly(deliveries: Sequence[tuple[Sink, Message]]) -> list[Sent]:
        if deliveries:
            entered.set()
            done.wait(180)
        return told(deliveries)

    def scheduler() -> None:
        with History.open(house.settings, house.outputs) as history:
            together.wait(180)
            outcomes.append(alerts.after_tick(house.settings, house.outputs, history, NOW, slowly))
            done.set()  # the one that has nothing to tell is through first, while the other is still sending

    entered, done = threading.Event(), threading.Event()
    both = [threading.Thread(target=scheduler) for _ in range(2)]
    for each in both:
        each.start()
    for each in both:
        each.join(180)
    assert len(told.got) == 1
    assert sorted(len(each) for each in outcomes) == [0, 1]


def test_a_scheduler_that_was_killed_while_it_told_does_not_silence_the_next(house: Watch, told: Told) -> None:
    house.ran(NOW, "failed", error="x")

    def killed(_: Any) -> list[Sent]:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tick(house, killed)
    assert tick(house, told, NOW + MINUTE) == [], "the other may still be at it"
    assert len(tick(house, told, NOW + alerts.LEASE + MINUTE)) == 1
    assert len(told.take()) == 1


def test_is_due_when_something_could_be_told(house: Watch, told: Told) -> None:
    def due(now: datetime) -> bool:
        return alert_times.is_due(house.settings, house.outputs, house.history.note(alert_times.NOTE), now)

    assert due(NOW)
    tick(house, told)
    assert not due(NOW + MINUTE)
    (house.outputs / "plans" / "new").mkdir(parents=True)
    assert due(NOW + MINUTE)
    tick(house, told, NOW + MINUTE)
    assert not due(NOW + 2 * MINUTE)
    assert due(NOW + HOUR)
    house.ran(NOW, "failed", error="x")
    told.deaf = {1}
    tick(house, told, NOW + HOUR)
    assert due(NOW + HOUR), "a sink that did not answer is tried at the next tick"


@pytest.mark.parametrize(
    ("value", "said"),
    [("", "The environment variable ALERT_URL is not set"), ("topsecret", "What ALERT_URL holds at place 1 is not a URL")],
)
def test_sinks_that_are_not_set_right_are_said_and_stop_nothing(
    house: Watch, told: Told, value: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALERT_URL", value)
    house.ran(NOW, "failed", error="x")
    (outcome,) = tick(house, told)
    assert not outcome.ok
    assert said in str(outcome)
    assert "topsecret" not in str(outcome)


def test_without_apprise_it_says_what_to_install(house: Watch, told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mendbook.alerts.sending.find_spec", lambda _: None)
    house.ran(NOW, "failed", error="x")
    (outcome,) = tick(house, told)
    assert "pip install 'mendbook[notify]'" in outcome.why
    with pytest.raises(ConfigError, match="not installed"):
        alerts.send_test(house.settings)


# -- the message -----------------------------------------------------------------------------------------------------------


def failed(source: str, why: str = "ConnectionFailed: no answer", reason: str = "no answer") -> Happening:
    title, command = f"nightly/{source}: the run failed", f"mendbook doctor {source}"
    return Happening(
        "run_failed", f"run_failed/nightly/{source}", source, "x", title, (why,), f"runs/of-{source}", command, reason
    )


def test_many_sources_with_one_reason_are_told_as_one() -> None:
    every = [failed(f"s{number:02}") for number in range(98)] + [failed("odd", "MappingError: no table", "no table")]
    message = compose(every, [], frozenset(), Places())
    assert message.title == "mendbook: runs failed: 99 sources"
    assert message.body.count("the run failed") == 2
    assert "- in 98 sources, for the same reason: nightly/s00: the run failed" in message.body
    assert "all of them: s00, s01, s02, s03, s04 and 93 more" in message.body
    assert len(message.body) < 1000


def test_the_most_urgent_stands_first_and_the_message_is_bounded() -> None:
    topics = ("plan_waiting", "run_missed", "new_damage", "ledger_broken")
    every = [
        Happening(topic, f"{topic}/{n}", f"s{n}", "x", f"{topic} {n}", ("y" * 1000,) * 20)
        for topic in topics
        for n in range(50)
    ]
    message = compose(every, ["over"] * 100, frozenset(), Places())
    found = [message.body.index(words) for words in ("LEDGER", "NEW DAMAGE", "RUNS MISSED", "PLANS WAITING", "IN ORDER AGAIN")]
    assert found == sorted(found)
    assert "and 40 more of this kind" in message.body
    assert len(message.title) <= 150
    assert len(message.body) < 120_000


@pytest.mark.parametrize(
    "page",
    ["https://ops.example/mendbook/index.html", "https://ops.example/mendbook/", "https://ops.example/mendbook"],
)
def test_links_where_the_page_is_known(page: str) -> None:
    message = compose([failed("shop")], [], frozenset(), Places(page, " --config here.toml"))
    assert "https://ops.example/mendbook/runs/of-shop/report.html\n" in message.body
    assert "next: mendbook doctor shop --config here.toml\n" in message.body
    assert f"The page: {page}" in message.body


HOSTILE = (
    "<script>alert(1)</script> <!channel> <@U1> @everyone @here [click](http://evil.example) ![x](http://evil.example/x.png) "
    "*bold* _under_ ~gone~ `code` **x** &lt;b&gt; $a$ # head | cell\r\nBcc: all@evil.example\n\n# heading\u202e\x1b[31m"
)


def test_hostile_text_is_inert() -> None:
    message = compose([failed("shop", HOSTILE)], [HOSTILE], frozenset(), Places())
    lines = [line for line in message.body.splitlines() if "script" in line]
    assert len(lines) == 2, "each stays on one line"
    for line in lines:
        told = line.lstrip("- ")
        assert not {*"<>&@`*[]~#|!$\\\r\x1b\u202e"} & {*told}
        assert "://" not in told
        assert "_under_" not in told
    assert "duplicate_profile" in compose([failed("shop", "duplicate_profile")], [], frozenset(), Places()).body


# -- real sinks ------------------------------------------------------------------------------------------------------------


def everything(house: Watch, plans: list[Any]) -> None:
    """One of each topic, with somebody's address wherever text is taken from."""
    from test_happenings import Plan

    first = house.audit(NOW - 9 * HOUR, {})
    folder = house.audit(NOW - 8 * HOUR, {"null_flag": 2}, first)
    result = json.loads((folder / "result.json").read_text())
    result |= {"warnings": [f"of {PERSON}"], "titles": {"null_flag": PERSON}, "left_out": [PERSON]}
    (folder / "result.json").write_text(json.dumps(result))
    house.incidents(NOW - 8 * HOUR, 3, name=f"for {PERSON} <!channel>")
    house.missed(NOW - 7 * HOUR, name="nightly/crm", why=f"asked by '{PERSON}' not to")
    house.ran(NOW - 6 * HOUR, "failed", "nightly/crm", error=f"ValueError: Key (email)=({PERSON}) {HOSTILE}")
    plans.append(Plan(NOW + HOUR))
    bad = {"batches": 2, "head": "x", "checkpoints": 1, "first_bad": vars_of(FirstBad(f"edited by {PERSON}", 1))}
    house.history.set_note("ledger/shop", json.dumps({"audit": (NOW - 8 * HOUR).isoformat(), "state": bad}))


def vars_of(bad: FirstBad) -> dict[str, Any]:
    return {name: getattr(bad, name) for name in ("why", "position", "plan", "batch", "seq")}


def test_real_sinks_get_one_message_without_anybodys_name(
    open_house: Open, plans: list[Any], monkeypatch: pytest.MonkeyPatch, capfd: Any
) -> None:
    with alerting.hook() as web, alerting.post() as mail, alerting.mute() as silent:
        deaf = f"json://user:s3cr3tpw@127.0.0.1:{silent}/?rto=1"
        urls = [web.url("/teams"), mail.url(), web.url("/refuse"), web.url("/away"), deaf]
        monkeypatch.setenv("ALERT_URL", " ".join(urls))
        house = open_house()
        everything(house, plans)
        outcomes = alerts.after_tick(house.settings, house.outputs, house.history, NOW)
        check_real(web, mail, outcomes)
        again = alerts.after_tick(house.settings, house.outputs, house.history, NOW + MINUTE, Told())
        assert [each.name for each in again] == [f"sink {number} (ALERT_URL)" for number in (3, 4, 5)], "the others were told"
    kept = b"".join(path.read_bytes() for path in house.outputs.glob("history*"))
    assert b"told/ALERT_URL#1" in kept
    said = " ".join(map(str, outcomes)).encode() + "".join(capfd.readouterr()).encode()
    for secret in (b"s3cr3tpw", str(web.port).encode() + b"/", b"ops@example.com"):
        assert secret not in kept + said
    assert PERSON.encode() not in said


def test_a_sink_that_keeps_one_waiting_is_left() -> None:
    with alerting.mute() as silent:
        sink = Sink(1, "ALERT_URL", 1, f"json://127.0.0.1:{silent}/topsecret?rto=600")
        (sent,) = sending.send([(sink, Message("title", "body", "info"))], 0.5)
    assert (sent.ok, sent.why) == (False, "it did not answer within 0.5 seconds")
    assert "topsecret" not in repr(sent)


def check_real(web: Hook, mail: Post, outcomes: list[alerts.Outcome]) -> None:
    assert [each.ok for each in outcomes] == [True, True, False, False, False]
    whys = [each.why for each in outcomes]
    assert whys[2] == "it answered 503"
    assert whys[3] == "it answered 302 (it sends elsewhere; give that address)"
    assert "answer" in whys[4]
    assert "/elsewhere" not in web.asked
    (message,) = web.got
    topics = ["LEDGER", "INCIDENTS", "NEW DAMAGE", "FAILED", "MISSED", "EXPIRE", "WAITING"]
    places = [message["message"].index(topic) for topic in topics]
    assert places == sorted(places)
    ((recipients, letter),) = mail.got
    assert recipients == ["ops@example.com"]
    assert letter.get_content_type() == "text/plain"
    assert str(letter["Subject"]).startswith("mendbook: a ledger does not verify: shop; incidents after a fix: shop")
    assert letter["Bcc"] is None
    body = str(letter.get_content())  # type: ignore[attr-defined]
    assert body.replace("\r\n", "\n").strip() == message["message"].strip()
    for sent in (web.raw[0].decode(), message["message"], message["title"], letter.as_string(), body):
        assert PERSON not in sent
        assert "jo.smith" not in sent
        assert "<script" not in sent
        assert "@everyone" not in sent


def test_the_command_that_tests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mendbook.toml").write_text(alerting.TOML + ALERTS, "utf-8")
    mendbook = command_in(tmp_path, monkeypatch, capsys)
    with alerting.hook() as web:
        (tmp_path / ".env").write_text(f"ALERT_URL='{web.url('/ok')} {web.url('/refuse')} nosuch://x/topsecret'\n")
        monkeypatch.delenv("ALERT_URL", raising=False)
        answer = mendbook("alerts", "test", "--json")
        assert answer.code == 2
        assert "sink 1 (ALERT_URL): taken" in answer.err
        assert "sink 2 (ALERT_URL): NOT taken: it answered 503" in answer.err
        assert "sink 3 (ALERT_URL): NOT taken: apprise does not know such a URL" in answer.err
        assert [each["ok"] for each in answer.document["sinks"]] == [True, False, False]
        assert "topsecret" not in answer.err + answer.out
        assert [each["title"] for each in web.got] == ["mendbook: a test"]
        assert "Nothing has happened" in web.got[0]["message"]


def test_the_command_that_shows(house: Watch, told: Told, monkeypatch: Any, capsys: Any) -> None:
    mendbook = command_in(house.home, monkeypatch, capsys)
    assert "There is nothing to tell: all is in order." in mendbook("alerts", "show").err
    house.ran(NOW, "failed", error=f"x {PERSON}")
    tick(house, told)
    answer = mendbook("alerts", "show", "--json")
    assert answer.code == 0
    assert "nightly/shop: the run failed" in answer.err
    assert "sink 1 (ALERT_URL) was told of 1" in answer.err
    assert [each["topic"] for each in answer.document["holds"]] == ["run_failed"]
    assert answer.document["sinks"][0]["told"][0]["key"] == "run_failed/nightly/shop"
    assert PERSON not in answer.err + answer.out
    monkeypatch.delenv("ALERT_URL")
    assert "ALERT_URL is not set" in mendbook("alerts", "show").err


def test_the_command_without_addresses(open_house: Open, monkeypatch: Any, capsys: Any) -> None:
    house = open_house("")
    mendbook = command_in(house.home, monkeypatch, capsys)
    answer = mendbook("alerts", "test")
    assert answer.code == 2
    assert "names nobody who is told" in answer.err
    assert "Nobody is told" in mendbook("alerts", "show").err

"""The review table in a real browser, its messages answered by a real desk over plans on the disk."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from mendbook.desk.answers import Desk
from mendbook.model import Case
from mendbook.reviews import review
from mendbook.reviews.decisions import Choice
from support.plans import (
    AUTHOR,
    BLOCKED,
    CASES,
    CODE,
    FILL,
    OTHER,
    PLAIN,
    REVIEWER,
    SECOND,
    TWICE,
    House,
    case,
    house,
    image,
    update,
)
from support.review_page import STATIC, Review, chromium, opened

pytestmark = pytest.mark.browser
HOSTILE = "<img src=x onerror=alert(1)>\u202e<script>alert(2)</script>"
CONTRAST = """() => {
  const parts = colour => colour.match(/[\\d.]+/g).map(Number);
  const channel = part => (part /= 255) <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  const luminance = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const over = (top, below) => top.length < 4 || top[3] === 1 ? top.slice(0, 3)
    : top.slice(0, 3).map((each, place) => each * top[3] + below[place] * (1 - top[3]));
  const behind = node => {
    const below = node.parentElement ? behind(node.parentElement) : [255, 255, 255];
    return over(parts(getComputedStyle(node).backgroundColor), below);
  };
  const poor = [];
  for (const node of document.querySelectorAll('.mendbook-review *')) {
    const own = [...node.childNodes].some(each => each.nodeType === 3 && each.textContent.trim());
    if (!own || !node.getClientRects().length || node.closest('.heard, option')) continue;
    const paper = behind(node), ink = over(parts(getComputedStyle(node).color), paper);
    const [a, b] = [luminance(ink), luminance(paper)];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (contrast < 4.5) poor.push([node.className, node.textContent.slice(0, 40), contrast]);
  }
  return poor;
}"""
REACHED = """(() => {
  const node = document.activeElement;
  return node.dataset.name || node.getAttribute('role') || node.textContent.slice(0, 20);
})()"""
#: Colours as JupyterLab's own themes set them.
THEMES = {
    "true": ("rgba(0,0,0,1)", "white", "#eeeeee", "#bdbdbd"),
    "false": ("rgba(255,255,255,1)", "#111111", "#424242", "#616161"),
}
THEMED = ("--jp-ui-font-color0", "--jp-layout-color1", "--jp-layout-color2", "--jp-border-color1")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> House:
    """People with keys; every plan made in it is another one, for it is made at another time."""
    return house(tmp_path_factory.mktemp("house"))


class Reviewing:
    """Opens tables over plans of one house; all pages are closed after the test."""

    def __init__(self, browser: Any, home: House, stack: ExitStack) -> None:
        self._browser, self.home, self._stack = browser, home, stack

    def __call__(self, cases: Sequence[Case] = CASES, reviewer: str = REVIEWER, **context: Any) -> Review:
        now = datetime.now(UTC)
        plan = self.home.plan(cases, made_at=now.isoformat(), expires=(now + timedelta(days=7)).isoformat())
        return self.again(plan, reviewer, **context)

    def again(self, plan: Any, reviewer: str = REVIEWER, **context: Any) -> Review:
        desk = Desk(plan, self.home.settings, reviewer, key="keys/reviewer")
        return self._stack.enter_context(
            opened(self._browser, desk, **{"viewport": {"width": 1280, "height": 1000}, **context})
        ).open()


@pytest.fixture
def reviewing(browser: Any, home: House) -> Iterator[Reviewing]:
    with ExitStack() as stack:
        yield Reviewing(browser, home, stack)


def saved(table: Review, reviewer: str = REVIEWER) -> dict[str, str]:
    """What is on the disk."""
    return {name: each.decision for name, each in review.saved(table.bridge.desk.plan, reviewer).items()}


def sign_author(table: Review, home: House) -> None:
    review.sign_as_author(table.bridge.desk.plan, AUTHOR, home.key(AUTHOR), home.settings, datetime.now(UTC))


def wait_saved(table: Review) -> None:
    table.page.wait_for_function("document.querySelector('.saved').textContent === 'all saved'")


def names(table: Review) -> list[str]:
    """The cases that are drawn, in the order of the list."""
    rows = "[...document.querySelectorAll('.row')].sort((a, b) => a.dataset.line - b.dataset.line)"
    return table.page.evaluate(f"{rows}.map(row => row.querySelector('.cell.case bdi').textContent)")


def row(table: Review, name: str) -> Any:
    """The row of a case, by what the list calls it."""
    return table.page.locator(".row", has=table.page.locator(".cell.case", has_text=re.compile(f"^{name}$")))


def plenty(count: int) -> list[Case]:
    return [case(str(number)) for number in range(count)]


# -- keys ------------------------------------------------------------------------------------------------------------------


def test_keys_decide_and_go_on_to_the_next(reviewing: Reviewing) -> None:
    table = reviewing()
    assert names(table)[:2] == ["customer 1", "customer 2"]
    table.press("a", "r", "d")
    wait_saved(table)
    assert saved(table) == {PLAIN: "approve", OTHER: "reject", CODE: "defer"}
    assert "3 of 6 decided" in table.page.locator(".how-far").inner_text()
    assert table.page.locator("progress").evaluate("bar => [bar.value, bar.max]") == [3, 6]
    assert (
        "missing_code/customer/1 deferred. Next: blank_profile/customer/9"
        in table.page.locator("[role=status].heard").inner_text()
    )
    assert table.current.locator(".cell.case").inner_text() == "customer 9"
    assert table.page.evaluate("window.outside") == [], "keys came out to JupyterLab"
    assert table.complaints == []


def test_the_cursor_moves_by_keys(reviewing: Reviewing) -> None:
    table = reviewing(plenty(400))

    def at() -> str:
        return table.current.locator(".cell.case").inner_text()  # type: ignore[no-any-return]

    for keys, expected in (("jj", "2"), ("k", "1"), ("G", "399"), ("g", "0"), ("k", "0")):
        table.press(*keys)
        table.page.wait_for_selector(".row.current .cell.case bdi")
        assert at() == f"customer {expected}"
        active = table.list.get_attribute("aria-activedescendant")
        assert table.page.locator(f"#{active}.current").count() == 1
    table.press("ArrowDown", "End", "Home", "PageDown", "PageUp")
    assert at() == "customer 0"


def test_a_held_key_decides_once(reviewing: Reviewing) -> None:
    table = reviewing()
    table.page.keyboard.down("a")
    table.page.keyboard.down("a")  # the browser says that this is a repetition
    table.page.keyboard.up("a")
    wait_saved(table)
    assert saved(table) == {PLAIN: "approve"}


def test_next_undecided_far_away_is_asked_for_and_not_looked_for(reviewing: Reviewing) -> None:
    table = reviewing(plenty(1500))
    plan = table.bridge.desk.plan
    last = plan.find("1499")[0]
    choices = [Choice("approve", "all"), Choice("defer", last)]
    review.decide(plan, REVIEWER, choices, datetime.now(UTC))
    again = reviewing.again(plan)
    again.press("u")
    again.page.wait_for_function("document.querySelector('[role=status].heard').textContent.includes('Every case')")
    assert len(again.bridge.asked("rows")) < 6


def test_undecided_cases_after_thousands(reviewing: Reviewing) -> None:
    table = reviewing(plenty(1200))
    plan = table.bridge.desk.plan
    review.decide(
        plan, REVIEWER, [Choice("approve", f"null_flag/customer/{number}") for number in range(1150)], datetime.now(UTC)
    )
    again = reviewing.again(plan)
    again.press("u")
    again.page.wait_for_function("document.querySelector('.row.current .cell.case bdi')?.textContent === 'customer 1150'")
    again.press("r")
    wait_saved(again)
    assert saved(again)["null_flag/customer/1150"] == "reject"
    assert again.current.locator(".cell.case").inner_text() == "customer 1151"


def test_selected_cases_are_decided_together(reviewing: Reviewing) -> None:
    table = reviewing(plenty(10))
    table.press("x", "J", "J")
    assert table.page.locator(".row[aria-selected=true]").count() == 3
    assert "3 cases selected" in table.page.locator(".details").inner_text()
    table.press("c")
    table.page.keyboard.type("as agreed")
    table.press("Escape", "d")
    wait_saved(table)
    [asked] = table.bridge.asked("decide")
    assert (asked["cases"], asked["comment"]) == ([0, 1, 2], "as agreed")
    assert list(saved(table).values()) == ["defer"] * 3
    assert table.page.locator(".row[aria-selected=true]").count() == 0


def test_a_click_with_shift_selects_a_range(reviewing: Reviewing) -> None:
    table = reviewing(plenty(400))
    row(table, "customer 1").locator(".select").click()
    table.list.evaluate("list => list.scrollTop = 250 * list.querySelector('.head').offsetHeight")
    row(table, "customer 251").click(modifiers=["Shift"])
    table.page.wait_for_function("document.querySelector('.details').textContent.includes('251 cases selected')")
    table.press("Escape")
    assert table.page.locator(".row[aria-selected=true]").count() == 0


def test_keys_are_letters_where_one_types(reviewing: Reviewing) -> None:
    table = reviewing()
    table.press("/")
    table.page.keyboard.type("ardjkxug?")
    assert table.page.locator("input[type=search]").input_value() == "ardjkxug?"
    assert saved(table) == {}
    assert table.page.locator("dialog").count() == 0
    assert table.page.evaluate("window.outside") == []


def test_help_keeps_the_focus_and_gives_it_back(reviewing: Reviewing) -> None:
    table = reviewing()
    table.press("?")
    assert table.page.locator("dialog[open]").count() == 1
    for _ in range(4):
        table.press("Tab")
        assert table.page.evaluate("document.activeElement === document.body || !!document.activeElement.closest('dialog')")
    table.press("a", "Escape")
    table.page.locator("dialog").wait_for(state="detached")
    assert table.list.evaluate("list => list === document.activeElement")
    assert saved(table) == {}


# -- saving ----------------------------------------------------------------------------------------------------------------


def test_painted_at_once_and_called_saving_until_it_is_on_the_disk(reviewing: Reviewing) -> None:
    table = reviewing()
    table.bridge.hold.add("decide")
    table.press("a")
    assert row(table, "customer 1").first.locator(".mine").inner_text().endswith("saving…")
    assert table.page.locator(".saved").inner_text() == "saving 1 decision…"
    assert (saved(table), "0 of 6 decided" in table.page.locator(".how-far").inner_text()) == ({}, True)
    table.let_go()
    wait_saved(table)
    assert "1 of 6 decided" in table.page.locator(".how-far").inner_text()
    assert saved(table) == {PLAIN: "approve"}


def test_a_refusal_takes_the_paint_back(reviewing: Reviewing) -> None:
    table = reviewing()
    table.bridge.refuse.add("decide")
    table.press("a")
    table.page.wait_for_selector(".mark.failed")
    assert row(table, "customer 1").first.locator(".mine").inner_text() == "! NOT saved"
    assert "NOT saved" in table.alarm.inner_text()
    assert "The disk is full. Free some space." in table.alarm.inner_text()
    assert table.page.locator(".saved").inner_text() == "1 decision NOT saved"
    assert table.current.locator(".cell.case").inner_text() == "customer 2"
    table.bridge.refuse.clear()
    table.press("k", "r")
    wait_saved(table)
    assert saved(table) == {PLAIN: "reject"}
    assert table.page.locator(".mark.failed").count() == 0


def test_an_earlier_decision_comes_back_where_the_later_one_was_refused(reviewing: Reviewing) -> None:
    table = reviewing()
    table.press("a")
    wait_saved(table)
    table.bridge.refuse.add("decide")
    table.press("k", "r")
    table.page.wait_for_selector(".mark.failed")
    assert saved(table) == {PLAIN: "approve"}
    assert "1 of 6 decided" in table.page.locator(".how-far").inner_text()


def test_a_silent_kernel_is_told_and_decides_nothing_more(reviewing: Reviewing) -> None:
    table = reviewing(clock=True)
    table.page.wait_for_selector(".details .values")
    table.bridge.hold.add("decide")
    table.press("a")
    table.page.wait_for_selector(".details .values")  # of the next one: this answer came in time
    table.wait_in_vain("decide")
    table.page.wait_for_selector(".mark.failed")
    assert "The kernel has not answered" in table.alarm.inner_text()
    table.press("r")
    assert len(table.bridge.asked("decide")) == 1
    assert "NOT saved: the kernel does not answer." in table.alarm.inner_text()
    table.let_go()
    table.page.wait_for_function("document.querySelector('.alarm').textContent.includes('Saved after all')")
    assert row(table, "customer 1").first.locator(".mine").inner_text() == "✓ approved"
    table.bridge.hold.clear()
    table.press("r")
    wait_saved(table)
    assert saved(table) == {PLAIN: "approve", OTHER: "reject"}


def test_a_kernel_that_never_answers(browser: Any, reviewing: Reviewing) -> None:
    plan = reviewing().bridge.desk.plan
    with opened(browser, Desk(plan, reviewing.home.settings, REVIEWER), clock=True) as table:
        table.bridge.silent |= {"open", "view"}
        table.page.goto("http://localhost:1/")
        table.wait_in_vain("view")
        table.page.wait_for_function("document.querySelector('.alarm').textContent.includes('run this cell again')")
        table.bridge.silent.clear()
        table.page.get_by_role("button", name="Ask the kernel again").click()
        table.page.wait_for_selector(".row.current .mark")


def test_goes_on_in_another_kernel(reviewing: Reviewing) -> None:
    table = reviewing()
    table.press("a", "r")
    wait_saved(table)
    again = reviewing.again(table.bridge.desk.plan)
    assert "2 of 6 decided" in again.page.locator(".how-far").inner_text()
    assert row(again, "customer 2").locator(".mine").inner_text() == "✗ rejected"
    again.press("u")
    assert again.current.locator(".mine").inner_text() == "undecided"
    again.press("a")
    wait_saved(again)
    assert saved(again) == {PLAIN: "approve", OTHER: "reject", CODE: "approve"}


def test_what_others_do_meanwhile_is_seen(reviewing: Reviewing) -> None:
    table = reviewing()
    plan = table.bridge.desk.plan
    review.decide(plan, REVIEWER, [Choice("reject", OTHER)], datetime.now(UTC))
    table.tell(table.bridge.desk.news())
    assert row(table, "customer 2").locator(".mine").inner_text() == "✗ rejected"
    sign_author(table, reviewing.home)
    review.decide(plan, SECOND, [Choice("defer", PLAIN)], datetime.now(UTC))
    review.sign(plan, SECOND, reviewing.home.key(SECOND), reviewing.home.settings, datetime.now(UTC))
    table.tell(table.bridge.desk.news())
    assert SECOND in row(table, "customer 1").first.locator(".state").text_content()
    assert saved(table) == {OTHER: "reject"}
    assert saved(table, SECOND) == {PLAIN: "defer"}


def test_a_table_that_was_replaced_says_so_and_decides_nothing(reviewing: Reviewing) -> None:
    table = reviewing()
    table.bridge.hold.add("case")
    table.press("j")
    while not table.bridge.held:
        table.page.wait_for_timeout(5)
    table.tell([{"type": "closed"}])
    assert "replaced by a newer one" in table.alarm.inner_text()
    table.let_go()
    assert table.alarm.is_visible(), "an answer that was under way changes nothing"
    table.press("a")
    assert "NOT saved: This table was replaced" in table.alarm.inner_text()
    assert table.bridge.asked("decide") == []


def test_the_author_looks_and_decides_nothing(reviewing: Reviewing) -> None:
    table = reviewing(reviewer=AUTHOR)
    assert "nobody approves their own plan" in table.alarm.inner_text().lower()
    table.press("a")
    assert "NOT saved" in table.alarm.inner_text()
    assert table.page.locator(".mark.approve").count() == 0
    assert table.bridge.asked("decide") == []


# -- a case ----------------------------------------------------------------------------------------------------------------


def go_to(table: Review, name: str) -> None:
    """Put the cursor on a case of CASES and wait for its details."""
    number = [each.name for each in CASES].index(name)
    row_of = table.page.locator(".row").filter(has_text=CASES[number].profile or CASES[number].case_key)
    row_of.filter(has=table.page.locator(".case", has_text=CASES[number].case_key)).nth({CODE: 1}.get(name, 0)).click()
    table.page.wait_for_function(
        """kind => document.querySelector('.details h3')?.textContent.startsWith(kind)
          && document.querySelector('.details .values')""",
        arg=CASES[number].kind,
    )


def test_a_blocked_case_is_approved_only_when_each_blocker_is_waived_by_name(reviewing: Reviewing) -> None:
    table = reviewing()
    go_to(table, TWICE)
    table.press("a")
    assert "blocked by both_used, trigger" in table.alarm.inner_text()
    boxes = table.page.locator(".blockers input")
    assert boxes.count() == 2
    boxes.nth(0).check()
    table.press("a")
    assert "blocked by trigger" in table.alarm.inner_text()
    assert table.bridge.asked("decide") == []
    boxes.nth(1).check()
    table.press("a")
    wait_saved(table)
    decided = review.saved(table.bridge.desk.plan, REVIEWER)[TWICE]
    assert (decided.decision, set(decided.waived)) == ("approve", {"both_used", "trigger"})


def test_blocked_cases_are_not_approved_with_others(reviewing: Reviewing) -> None:
    table = reviewing()
    go_to(table, BLOCKED)
    table.press("x", "J", "a")
    assert "2 of the 2 selected cases are blocked" in table.alarm.inner_text()
    assert table.bridge.asked("decide") == []
    table.press("r")
    wait_saved(table)
    assert saved(table) == {BLOCKED: "reject", TWICE: "reject"}


def test_options_are_chosen_by_their_boxes(reviewing: Reviewing) -> None:
    table = reviewing()
    go_to(table, FILL)
    boxes = table.page.locator(".options input")
    assert [box.is_checked() for box in boxes.all()] == [True, False]
    boxes.nth(0).uncheck()
    boxes.nth(1).check()
    table.press("a")
    wait_saved(table)
    decided = review.saved(table.bridge.desk.plan, REVIEWER)[FILL]
    assert (decided.accepted, decided.declined) == (("auth_group:5",), ("phone",))
    go_to(table, FILL)
    assert [box.is_checked() for box in boxes.all()] == [False, True]


def test_a_comment_is_saved_with_the_decision_and_stays(reviewing: Reviewing) -> None:
    table = reviewing()
    table.page.wait_for_selector(".details textarea")
    table.press("c")
    table.page.keyboard.type("a father and a son")
    table.press("Escape", "r")
    wait_saved(table)
    decided = review.saved(table.bridge.desk.plan, REVIEWER)[PLAIN]
    assert (decided.decision, decided.comment) == ("reject", "a father and a son")
    again = reviewing.again(table.bridge.desk.plan)
    again.page.get_by_role("button", name="Hide details").click()
    again.list.focus()
    again.press("d")
    wait_saved(again)
    decided = review.saved(again.bridge.desk.plan, REVIEWER)[PLAIN]
    assert (decided.decision, decided.comment) == ("defer", "a father and a son")


def test_before_and_after_are_marked_not_by_colour_alone(reviewing: Reviewing) -> None:
    table = reviewing()
    table.page.wait_for_selector(".details .values")
    differing = table.page.locator(".details td.differs")
    assert differing.count() >= 1
    assert all(re.match(r"≠ differs: ", cell.text_content()) for cell in differing.all())
    assert "differs" not in table.page.locator(".details tbody tr").filter(has_text="id").first.text_content()
    assert table.page.locator(".details thead th").all_inner_texts() == ["column", "before", "after"]


def test_reveal_is_for_this_case_and_recorded(reviewing: Reviewing) -> None:
    before = image(id="7", phone="555-1234", invited=None)
    one = case("7", changes=(update("7", before, image(id="7", phone="555-1234", invited="f")),))
    table = reviewing([one, case("8")])
    table.page.wait_for_selector(".details .values")
    assert "555-1234" not in table.page.locator("body").inner_text()
    table.press("v")
    table.page.wait_for_function("document.querySelector('.details').textContent.includes('555-1234')")
    [log] = table.bridge.desk.plan.folder.glob("reveals-*.jsonl")
    assert json.loads(log.read_text())["case"] == one.name
    table.press("j")
    table.page.wait_for_function("!document.querySelector('.details').textContent.includes('555-1234')")
    table.press("k")
    table.page.wait_for_function("document.querySelector('.details h3').textContent.includes('7')")
    assert "555-1234" not in table.page.locator(".details").inner_text()
    table.bridge.refuse.add("case")
    table.press("v")
    table.page.wait_for_selector(".alarm:not([hidden])")
    assert "555-1234" not in table.page.locator(".details").inner_text()


# -- the list --------------------------------------------------------------------------------------------------------------


def test_rows_are_asked_for_as_they_are_looked_at(reviewing: Reviewing) -> None:
    table = reviewing(plenty(3000))
    assert table.page.locator(".row").count() < 80
    assert table.list.get_attribute("aria-rowcount") == "3002"
    table.press("G")
    table.page.wait_for_function("document.querySelector('.row.current .cell.case bdi')?.textContent === 'customer 2999'")
    assert table.current.get_attribute("aria-rowindex") == "3002"
    assert table.page.locator(".row").count() < 80
    assert sum(each["to"] - each["from"] for each in table.bridge.asked("rows")) <= 600
    box, listed = table.current.bounding_box(), table.list.bounding_box()
    assert box["y"] + box["height"] <= listed["y"] + listed["height"] + 1


def test_groups_have_headings_with_counts(reviewing: Reviewing) -> None:
    table = reviewing()
    heads = table.page.locator(".lines .group").all_inner_texts()
    assert len(heads) == 4
    assert any(text.startswith("null_flag") and "low risk" in text and "2 cases, 2 undecided" in text for text in heads)
    table.press("a")
    wait_saved(table)
    assert any("2 cases, 1 undecided" in text for text in table.page.locator(".lines .group").all_inner_texts())
    table.page.locator("input[data-name=grouped]").uncheck()
    table.page.wait_for_function("document.querySelectorAll('.lines .group').length === 0")
    assert "null_flag customer 1" in names(table)


FILTERS = [
    ("kind", "missing_code", ["customer 1"]),
    ("risk", "high", ["4", "5=a/b"]),
    ("repair", "fill", ["customer 9"]),
    ("profile", "(users)", ["4", "5=a/b"]),
    ("blocked", "blocked", ["4", "5=a/b"]),
    ("mine", "decided by me", ["customer 2"]),
    ("state", "rejected", ["customer 2"]),
]


def test_filters(reviewing: Reviewing) -> None:
    table = reviewing()
    table.press("j", "r")
    wait_saved(table)
    for name, choice, expected in FILTERS:
        select = table.page.locator(f"select[data-name={name}]")
        texts = select.locator("option").all_inner_texts()
        place = next(place for place, text in enumerate(texts) if text == choice or text.startswith(f"{choice}:"))
        select.select_option(index=place)
        table.page.wait_for_function("document.querySelector('.count').textContent.includes('of 6 cases shown')")
        assert names(table) == expected
        table.page.get_by_role("button", name="Show all", exact=True).click()
        table.page.wait_for_function("document.querySelector('.count').textContent === 'All 6 cases'")


def test_search_and_order(reviewing: Reviewing) -> None:
    table = reviewing()
    table.press("x", "/")
    table.page.keyboard.type("MERGE")
    table.press("Enter")
    table.page.wait_for_function("document.querySelector('.count').textContent === '2 of 6 cases shown'")
    assert names(table) == ["4", "5=a/b"]
    assert table.list.evaluate("list => list === document.activeElement")
    assert table.page.locator(".row[aria-selected=true]").count() == 0, "what is not seen must not stay selected"
    table.page.get_by_role("columnheader", name="Case").get_by_role("button").click()
    table.page.get_by_role("columnheader", name="Case").get_by_role("button").click()
    table.page.wait_for_selector("[role=columnheader][aria-sort=descending]")
    assert names(table) == ["5=a/b", "4"]
    table.press("/")
    table.page.locator("input[type=search]").fill("nothing like this")
    table.page.wait_for_function("document.querySelector('.count').textContent === '0 of 6 cases shown'")
    table.press("Escape", "a", "j", "x", "u", "v", "c", "G")
    assert table.bridge.asked("decide") == []
    assert table.complaints == []


# -- many at once ----------------------------------------------------------------------------------------------------------


def test_a_group_is_decided_on_after_its_sample_was_seen(reviewing: Reviewing) -> None:
    blocked = [case(f"blocked {number}", blockers=("trigger",)) for number in range(2)]
    table = reviewing([*plenty(40), *blocked, *CASES[4:]])
    table.page.get_by_role("button", name="Decide on all 44 shown").click()
    assert "Cases of several kinds or risks are shown." in table.alarm.inner_text()
    assert table.bridge.asked("sample") == []
    table.page.locator(".lines .group").first.click()
    table.page.get_by_role("button", name="Decide on all 42 shown").click()
    dialog = table.page.locator("dialog[open]")
    dialog.locator("h3", has_text="null_flag").wait_for()
    assert "Decide on 40 cases at once" in dialog.inner_text()
    assert "2 blocked cases are passed over" in dialog.inner_text()
    go = dialog.locator("button.go")
    for left in (4, 3, 2, 1):
        assert go.is_disabled()
        go_on(table, left)
    table.page.wait_for_function("!document.querySelector('button.go').disabled")
    assert saved(table) == {}
    go.click()
    table.page.wait_for_function("document.querySelector('.how-far').textContent.includes('40 of 44 decided')")
    assert table.page.locator("dialog").count() == 0
    table.page.wait_for_function("document.querySelectorAll('.mark.approve').length > 10")
    assert sorted(set(saved(table).values())) == ["approve"]
    [log] = table.bridge.desk.plan.folder.glob("decisions-*.jsonl")
    [entry] = [json.loads(line) for line in log.read_text().splitlines()]
    assert len(entry["seen"]) == 5
    assert {"kind": "null_flag", "risk": "low"}.items() <= entry["of"].items()


def go_on(table: Review, left: int) -> None:
    """To the next case of a sample, when one has seen this one and so many are left."""
    words = "left => document.querySelector('button.go').textContent.includes(`${left} more`)"
    table.page.wait_for_function(words, arg=left)
    table.page.locator("dialog[open]").get_by_role("button", name="Next").click()


def test_a_sample_can_be_left_without_deciding(reviewing: Reviewing) -> None:
    table = reviewing(plenty(10))
    table.page.get_by_role("button", name="Decide on all 10 shown").click()
    table.page.locator("dialog[open] h3", has_text="null_flag").wait_for()
    table.press("a", "j")
    table.press("Escape")
    table.page.locator("dialog").wait_for(state="detached")
    assert (saved(table), table.bridge.asked("decide"), table.bridge.asked("decide_all")) == ({}, [], [])
    assert table.page.evaluate("document.activeElement.textContent").startswith("Decide on all")


def test_a_refused_group_says_so_in_its_dialog(reviewing: Reviewing) -> None:
    table = reviewing(plenty(3))
    table.bridge.refuse.add("decide_all")
    table.page.get_by_role("button", name="Decide on all 3 shown").click()
    for left in (2, 1):
        go_on(table, left)
    table.page.wait_for_function("!document.querySelector('button.go').disabled")
    table.page.locator("button.go").click()
    table.page.wait_for_function(
        "document.querySelector('dialog .problem').textContent.startsWith('NOT saved: The disk is full.')"
    )
    assert saved(table) == {}


# -- signing ---------------------------------------------------------------------------------------------------------------


def test_the_command_is_copied_and_the_signature_is_seen_by_itself(reviewing: Reviewing) -> None:
    table = reviewing()
    desk = table.bridge.desk
    table.press("a")
    wait_saved(table)
    panel = table.page.locator(".signing")
    assert "1 decision not signed yet" in table.page.locator(".how-far").inner_text()
    table.page.get_by_role("button", name="Copy the command").click()
    command = f"mendbook sign {desk.plan.id} --as {REVIEWER} --key keys/reviewer"
    panel.get_by_text("The command is copied.").wait_for()
    assert table.page.evaluate("navigator.clipboard.readText()") == command
    assert "never enters this kernel" in panel.inner_text()
    home = reviewing.home
    sign_author(table, home)
    review.sign(desk.plan, REVIEWER, home.key(REVIEWER), home.settings, datetime.now(UTC))
    table.tell(desk.news())
    assert "ready to be applied" in panel.inner_text()
    # what was said of the button, and the focus on it, outlive the news
    assert "The command is copied." in panel.inner_text()
    assert table.page.evaluate("document.activeElement.textContent") == "Copy"
    assert REVIEWER in panel.locator("li").last.inner_text()
    assert "not signed yet" not in table.page.locator(".how-far").inner_text()
    assert "Signing: ready to be applied" in table.page.locator("[role=status].heard").inner_text()


# -- hostile text, other eyes, other hands -----------------------------------------------------------------------------------


def test_hostile_text_is_only_text(reviewing: Reviewing) -> None:
    changes = (update("1", image(id="1", name=HOSTILE), image(id="1", name=f"{HOSTILE}2")),)
    hostile = case(HOSTILE, changes=changes, because=(HOSTILE,), blockers=("trigger",))
    table = reviewing([hostile, case("2")])
    table.page.wait_for_selector(".details .values")
    table.press("v", "x")
    table.page.wait_for_function("document.querySelector('.details .values td').textContent !== ''")
    table.press("x", "/")
    table.page.keyboard.type("<img")
    table.press("Enter", "r")
    wait_saved(table)
    assert table.complaints == []
    assert table.page.locator(".mendbook-review :is(img, script, iframe, a, svg)").count() == 0
    assert "<img src=x onerror=alert(1)>" in table.page.locator(".row .because").first.text_content()
    assert "\u202e" not in table.page.content()
    assert {url.removeprefix("http://localhost:1/") for url in table.requests} == {"", "review_table.js", "review_table.css"}


def test_no_markup_is_made_of_text_and_nothing_is_fetched() -> None:
    script = (STATIC / "review_table.js").read_text("utf-8")
    makes_markup = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|createContextualFragment"
    runs_text = r"\beval\b|new Function|\bimport\b|javascript:"
    asks = r"(?<!this\.)(?<!rows\.)\bfetch\((?!block\) \{)|XMLHttpRequest|WebSocket|https?:|localStorage|sendBeacon"
    assert re.findall("|".join((makes_markup, runs_text, asks)), script) == []
    assert re.findall(r"@import|url\(|https?:", (STATIC / "review_table.css").read_text("utf-8")) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("theme", [None, "true", "false"])
def test_text_stands_out(reviewing: Reviewing, scheme: Any, theme: str | None) -> None:
    table = reviewing(color_scheme=scheme)
    if theme:
        table.page.evaluate(
            "([light, colours]) => { document.body.dataset.jpThemeLight = light;"
            " for (const name in colours) document.body.style.setProperty(name, colours[name]); }",
            [theme, dict(zip(THEMED, THEMES[theme], strict=True))],
        )
    table.press("a", "r", "d", "x")
    wait_saved(table)
    table.press("x", "j")
    go_to(table, BLOCKED)
    table.press("a")
    assert not table.alarm.is_hidden()
    table.page.wait_for_function("document.getAnimations().every(each => each.playState !== 'running')")  # colours change
    assert table.page.evaluate(CONTRAST) == []
    table.press("?")
    assert table.page.evaluate(CONTRAST) == []


def test_names_and_roles(reviewing: Reviewing) -> None:
    table = reviewing()
    go_to(table, TWICE)
    unnamed = table.page.evaluate(
        """() => {
          const named = 'button, select, input, textarea, progress, section, dialog, [role=grid]';
          const said = node => node.getAttribute('aria-label') || node.getAttribute('aria-labelledby')
            || node.tagName === 'BUTTON' && node.textContent.trim() || node.labels?.length && node.labels[0].textContent.trim();
          const nodes = [...document.querySelectorAll(`.mendbook-review :is(${named})`)];
          return nodes.filter(node => !said(node)).map(node => node.tagName);
        }"""
    )
    assert unnamed == []
    structure = table.page.evaluate(
        """() => [...document.querySelectorAll('[role=row]')].map(row => [
          row.closest('[role=grid]') !== null, row.hasAttribute('aria-rowindex'),
          [...row.children].every(cell => ['gridcell', 'columnheader', 'rowheader'].includes(cell.getAttribute('role')))])"""
    )
    assert structure
    assert all(all(each) for each in structure)
    ids = table.page.evaluate("[...document.querySelectorAll('[id]')].map(node => node.id)")
    assert len(ids) == len(set(ids))
    assert table.page.get_by_role("grid", name="Cases").count() == 1
    assert table.page.get_by_role("region", name="Details of the case").count() == 1
    assert table.page.locator("[data-lm-suppress-shortcuts]").count() == 1
    outline = table.list.evaluate("list => getComputedStyle(list).outlineStyle")
    table.list.focus()
    assert outline == "solid" or table.list.evaluate("list => getComputedStyle(list).outlineStyle") == "solid"


def test_everything_is_reached_by_tab(reviewing: Reviewing) -> None:
    table = reviewing()
    table.page.wait_for_selector(".details .values")
    table.page.evaluate("document.activeElement.blur()")
    reached = set()
    for _ in range(45):
        table.press("Tab")
        reached.add(table.page.evaluate(REACHED))
    wanted = {
        "search",
        "kind",
        "sort",
        "grid",
        "comment",
        "approve",
        "reject",
        "defer",
        "reveal",
        "Next undecided (u)",
        "Decide on all 6 show",
    }
    assert wanted <= reached


@pytest.mark.parametrize(("width", "scale"), [(360, 1), (640, 2), (900, 1), (1920, 1)])
def test_nothing_is_wider_than_the_page(reviewing: Reviewing, width: int, scale: int) -> None:
    """640 at twice the size of a pixel is a window of 1280 at 200 %."""
    table = reviewing(viewport={"width": width, "height": 800}, device_scale_factor=scale)
    table.page.wait_for_selector(".details .values")
    assert table.page.evaluate("document.documentElement.scrollWidth") <= width
    assert table.current.locator(".mine").is_visible()
    assert table.list.bounding_box()["height"] > 150
    assert table.page.locator(".details").bounding_box()["height"] > 150


def test_nothing_moves_where_one_asked_for_less_motion(reviewing: Reviewing) -> None:
    table = reviewing(reduced_motion="reduce")
    assert table.current.evaluate("row => getComputedStyle(row).transitionDuration") == "0s"

"""The thin part between the browser and the desk: what is passed on, the watch for news, one table a plan, and paper."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from mendbook.desk import table as review_table
from mendbook.desk.review_view import Papers, ReviewView
from mendbook.desk.table import ReviewTable
from support.plans import REVIEWER, House, house


class Clerk:
    """A desk that answers with what it was asked, and has news as often as it is told."""

    def __init__(self) -> None:
        self.news_left: list[dict[str, Any]] = []
        self.asked_for_them = threading.Event()

    def answer(self, message: dict[str, Any]) -> list[dict[str, Any]]:
        return [{"type": "answer", "re": message["id"]}, {"type": "more"}]

    def news(self) -> list[dict[str, Any]]:
        if not self.news_left:
            return []
        self.asked_for_them.set()
        return [self.news_left.pop()]


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[ReviewTable, dict[str, Any]]]:
    told: list[tuple[ReviewTable, dict[str, Any]]] = []
    monkeypatch.setattr(ReviewTable, "send", lambda table, content: told.append((table, content)))
    monkeypatch.setattr(review_table, "_open", {})
    return told


def test_questions_go_to_the_desk_and_its_answers_back(sent: list[Any]) -> None:
    table = ReviewTable(Clerk(), "plan", glance=60)
    table._handle_custom_msg({"type": "open", "id": 7}, [])
    assert [content for _, content in sent] == [{"type": "answer", "re": 7}, {"type": "more"}]
    table.close()


def test_news_are_told_without_being_asked_for_until_it_is_closed(sent: list[Any]) -> None:
    clerk = Clerk()
    table = ReviewTable(clerk, "plan", glance=0.01)
    assert table._watcher is None, "nobody looks at it yet"
    table._handle_custom_msg({"type": "open", "id": 1}, [])
    clerk.news_left.append({"type": "changed"})
    assert clerk.asked_for_them.wait(180)
    table.close()
    table._watcher.join(180)
    assert not table._watcher.is_alive()
    assert [content for _, content in sent if content["type"] == "changed"] == [{"type": "changed"}]


def test_a_later_table_of_the_same_plan_takes_the_place_of_the_earlier(sent: list[Any]) -> None:
    earlier, other = ReviewTable(Clerk(), "plan", glance=60), ReviewTable(Clerk(), "other plan", glance=60)
    later = ReviewTable(Clerk(), "plan", glance=60)
    assert sent == [(earlier, {"type": "closed"})]
    sent.clear()
    for table in (earlier, other, later):
        table._handle_custom_msg({"type": "open", "id": 1}, [])
    assert [content["type"] for table, content in sent if table is earlier] == ["closed"]
    assert [content["type"] for table, content in sent if table is not earlier] == ["answer", "more"] * 2
    for table in (earlier, other, later):
        table.close()


def test_the_widget_carries_its_script_and_style() -> None:
    table = ReviewTable(Clerk(), "scripts", glance=60)
    assert "export default" in table._esm
    assert ".mendbook-review" in table._css
    table.close()


@pytest.fixture
def home(tmp_path: Path) -> House:
    return house(tmp_path)


def test_the_notebook_shows_the_table_and_on_paper_the_cases(
    home: House, sent: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    view = ReviewView(home.plan(), home.settings, reviewer=REVIEWER, key="keys/reviewer")
    table = view.table()
    assert isinstance(table, ReviewTable)
    table._handle_custom_msg({"type": "open", "id": 1}, [])
    [(_, opened)] = sent
    assert (opened["type"], opened["total"], opened["reviewer"]) == ("opened", 6, REVIEWER)
    assert opened["signing"]["command"].endswith(f"--as {REVIEWER} --key keys/reviewer")
    table.close()
    monkeypatch.setenv("MENDBOOK_RUN", str(home.folder))
    paper = view.table()
    assert isinstance(paper, Papers)
    html = paper._repr_html_()
    assert "duplicate_user" in html
    assert "missing_code" in html
    assert "<script" not in html
    assert "duplicate_user" in repr(paper)

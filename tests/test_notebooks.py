"""The notebooks are thin, explain themselves, and hold nothing that a run left behind."""

import ast
import re
from pathlib import Path

import nbformat
import pytest

NOTEBOOKS = sorted((Path(__file__).parent.parent / "notebooks").glob("*.ipynb"))
SQL = re.compile(r"(?i)\b(select\s.+\sfrom|insert\s+into|delete\s+from|update\s.+\sset|create\s+table)\b")
MOST_LINES = 8


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def book(request):
    return nbformat.read(request.param, as_version=4)


def code(book):
    return [cell for cell in book.cells if cell.cell_type == "code"]


def test_the_audit_notebook_is_there():
    assert "01_audit" in [path.stem for path in NOTEBOOKS]


def test_valid_with_cell_ids(book):
    nbformat.validate(book)
    assert (book.nbformat, book.nbformat_minor) == (4, 5)
    ids = [cell.id for cell in book.cells]
    assert len(set(ids)) == len(ids)


def test_no_outputs_and_no_counts(book):
    assert [cell.outputs for cell in code(book) if cell.outputs or cell.execution_count is not None] == []


def test_one_parameters_cell_typed_and_commented(book):
    tagged = [cell for cell in book.cells if "parameters" in cell.metadata.get("tags", [])]
    assert len(tagged) == 1
    lines = tagged[0].source.splitlines()
    assert len(ast.parse(tagged[0].source).body) == len(lines)
    for line in lines:
        assert re.fullmatch(r"[a-z_]+: (str|int|float|bool|list|dict) = .+  # \S.+", line), line
        statement = ast.parse(line).body[0]
        assert type(ast.literal_eval(statement.value)).__name__ == statement.annotation.id
    assert lines[0].startswith("source: str")


def test_only_calls_and_prose(book):
    for cell in code(book):
        kinds = {type(node).__name__ for node in ast.walk(ast.parse(cell.source))}
        assert not kinds & {"FunctionDef", "AsyncFunctionDef", "ClassDef", "Lambda", "For", "While", "Try", "With"}, cell.source
        assert not SQL.search(cell.source)
        assert not re.search(r"\w+://", cell.source)
        assert len(cell.source.splitlines()) <= MOST_LINES, cell.source


def test_every_section_is_explained(book):
    headings = [cell.source for cell in book.cells if cell.cell_type == "markdown"]
    assert headings[0].startswith("# ")
    assert all(len(text.split()) >= 10 for text in headings)
    assert book.cells[0].cell_type == "markdown"


def test_what_the_audit_notebook_calls_exists():
    from mendbook.views.views import AuditView

    book = nbformat.read(next(path for path in NOTEBOOKS if path.stem == "01_audit"), as_version=4)
    calls = {
        node.func.attr
        for cell in code(book)
        for node in ast.walk(ast.parse(cell.source))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and getattr(node.func.value, "id", "") == "audit"
    }
    shown = {
        "scope",
        "change",
        "limits",
        "counts",
        "counts_chart",
        "timeline",
        "gap_chart",
        "browse",
        "constraints",
        "next_steps",
    }
    assert calls == shown
    assert all(callable(getattr(AuditView, name)) for name in calls)


def test_what_the_incidents_notebook_calls_exists():
    from mendbook.views.incident_view import IncidentView

    book = nbformat.read(next(path for path in NOTEBOOKS if path.stem == "02_incidents"), as_version=4)
    calls = {
        node.func.attr
        for cell in code(book)
        for node in ast.walk(ast.parse(cell.source))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and getattr(node.func.value, "id", "") == "incidents"
    }
    public = {name for name, each in vars(IncidentView).items() if callable(each) and not name.startswith("_")}
    assert calls == public - {"incidents", "export_csv"}

"""The project holds together: one list of dependencies, no address that is somebody's own, floors, and its words told."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parent.parent
LIBRARY = ROOT / "lib" / "mendbook"
MODULES = sorted((ROOT / "lib").rglob("*.py"))
MOST_LINES = 300
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
#: What mendbook needs of conda itself; all else stands in pyproject.toml.
FROM_CONDA = {"python", "pip"}


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def plain(name: str) -> str:
    """A distribution's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def name_of(requirement: str) -> str:
    return plain(re.match(r"[A-Za-z0-9._-]+", requirement).group())  # type: ignore[union-attr]


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


# -- dependencies --------------------------------------------------------------------------------------------------------


def declared() -> dict[str, str]:
    """Every direct dependency, those of the extras too, as name to requirement."""
    extras = PROJECT["optional-dependencies"].values()
    return {name_of(each): each for each in (*PROJECT["dependencies"], *(each for extra in extras for each in extra))}


def constraints() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = [line.split(";")[0].split("#")[0].strip() for line in lines]
    for pin in filter(None, pins):
        assert re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9._!+-]+", pin), f"{pin!r} is no name==version"
    return {name_of(pin): pin.partition("==")[2] for pin in pins if pin}


def test_environment_yml_takes_everything_from_pyproject() -> None:
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    assert environment["name"] == PROJECT["name"]
    assert environment["channels"] == ["conda-forge"]
    own = [each for each in environment["dependencies"] if isinstance(each, str)]
    (by_pip,) = [each["pip"] for each in environment["dependencies"] if isinstance(each, dict)]
    assert {re.match(r"[\w-]+", each).group() for each in own} == FROM_CONDA  # type: ignore[union-attr]
    assert f"python{PROJECT['requires-python']}" in own
    assert [each for each in by_pip if each != "-c constraints.txt"] == ["-e .[demo,dev,schedule,notify]"]
    assert set(PROJECT["optional-dependencies"]) == {"demo", "dev", "notify", "schedule"}, "and those are all the extras"


def test_constraints_pin_every_direct_dependency_within_its_bounds() -> None:
    from packaging.requirements import Requirement

    pins = constraints()
    assert [name for name in declared() if name not in pins] == []
    wrong = [
        each for name, each in declared().items() if not Requirement(each).specifier.contains(pins[name], prereleases=True)
    ]
    assert wrong == []


def test_constraints_hold_names_and_versions_only() -> None:
    text = (ROOT / "constraints.txt").read_text()
    assert "://" not in text
    assert not re.search(r"^\s*-", text, re.MULTILINE)


def imported(tree: ast.AST) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found


def test_what_is_imported_is_declared() -> None:
    """Nothing that only happens to be there, because another package needs it."""
    from importlib.metadata import packages_distributions

    providers = packages_distributions()
    names: dict[str, set[str]] = {}
    for path in MODULES:
        for name in imported(ast.parse(path.read_text())) - sys.stdlib_module_names - {"mendbook", "racelab"}:
            names.setdefault(name, set()).add(relative(path))
    missing = {
        name: sorted(where)
        for name, where in names.items()
        if not {plain(each) for each in providers.get(name, [name])} & set(declared())
    }
    assert missing == {}


# -- addresses -----------------------------------------------------------------------------------------------------------

FORBIDDEN = {
    "a path of a machine": re.compile(rb"(?<![\w.])/(?:home/[a-z]\w*|Users/\w+)/"),
    "the address of a registry": re.compile(
        rb"(?i)\b(?:index-url|trusted-host|extra-index)\b|https?://[^\s'\"]*(?:pypi|/simple\b|artifactory|nexus|devpi|conda\.anaconda)"
    ),
}
#: This file names what it forbids.
EXCEPT = {"tests/test_project.py"}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_holds(what: str) -> None:
    found = {
        f"{relative(path)}: {match.group().decode(errors='replace')}"
        for path in tracked()
        if relative(path) not in EXCEPT
        for match in FORBIDDEN[what].finditer(path.read_bytes())
    }
    assert sorted(found) == []


def test_the_patterns_would_find_it() -> None:
    examples = {
        "a path of a machine": b"see /home/somebody/mendbook",
        "the address of a registry": b"pip install --index-url=x https://packages.example.com/simple",
    }
    assert all(FORBIDDEN[what].search(text) for what, text in examples.items())


# -- the command line is told --------------------------------------------------------------------------------------------


def commands() -> dict[str, set[str]]:
    """Each command with its options."""
    from mendbook.cli import app
    from typer.main import get_command

    def walk(command: Any, path: str) -> Iterator[tuple[str, set[str]]]:
        inside = getattr(command, "commands", None)
        if not inside:
            yield path, {"--help", *(name for each in command.params for name in (*each.opts, *each.secondary_opts))}
        for key, each in (inside or {}).items():
            yield from walk(each, f"{path} {key}")

    return dict(walk(get_command(app), "mendbook"))


def test_every_command_is_told_in_the_readme_or_the_docs() -> None:
    text = "\n".join(page.read_text() for page in PAGES if page.name != "CHANGELOG.md")
    assert [command for command in commands() if not re.search(rf"{command}\b", text)] == []


def test_every_option_that_the_pages_name_is_one_of_its_command() -> None:
    options, unknown, seen = commands(), [], 0
    for page in PAGES:
        for words, rest in re.findall(r"(mendbook (?:[a-z]+ ?){1,2})([^`#|;\n]*)", page.read_text()):
            first, *more = words.split()[1:]
            name = next((each for each in (f"mendbook {first} {''.join(more)}", f"mendbook {first}") if each in options), None)
            named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", rest.partition("mendbook ")[0])) if name else set()
            unknown += [f"{relative(page)}: {name} {option}" for option in named - options[name or "mendbook audit"]]
            seen += len(named)
    assert unknown == []
    assert seen > 50


@pytest.mark.parametrize("option", ["--config", "--outputs", "--json"])
def test_every_command_takes_what_the_contract_says(option: str) -> None:
    from mendbook.cli import app
    from typer.main import get_command

    groups = get_command(app).commands  # type: ignore[attr-defined]
    lacks = {
        name
        for group, first in groups.items()
        for name, command in getattr(first, "commands", {group: first}).items()
        if option not in {each for parameter in command.params for each in parameter.opts}
    }
    # JupyterLab speaks for itself, and the demo writes its own configuration
    assert lacks <= {"--json": {"lab"}, "--config": {"demo"}}.get(option, set())


# -- the pages are true --------------------------------------------------------------------------------------------------


def anchors(page: Path) -> set[str]:
    """What the headings of a page are called in addresses, as GitHub makes them."""
    headings = re.findall(
        r"^#+ (.+)$", re.sub(r"^```.*?^```", "", page.read_text(), flags=re.DOTALL | re.MULTILINE), re.MULTILINE
    )
    return {re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-") for heading in headings}


def test_no_link_of_the_pages_is_dead() -> None:
    dead = []
    for page in PAGES:
        for link in re.findall(r"\]\(([^)\s]+)\)|src=\"([^\"]+)\"", page.read_text()):
            file, _, anchor = "".join(link).partition("#")
            if "://" not in file:
                target = (page.parent / file) if file else page
                if not target.exists() or (anchor and anchor not in anchors(target)):
                    dead.append(f"{relative(page)}: {''.join(link)}")
    assert dead == []


def test_every_page_is_in_the_list_of_pages() -> None:
    listed = (ROOT / "docs" / "README.md").read_text()
    assert [page.name for page in PAGES if page.parent.name == "docs" and f"({page.name})" not in listed] == ["README.md"]


def test_every_target_of_make_that_the_pages_name_is_one() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {
        (relative(page), name) for page in PAGES for name in re.findall(r"(?:`|^)make ([a-z]+)", page.read_text(), re.MULTILINE)
    }
    assert named
    assert sorted(each for each in named if each[1] not in targets) == []


def test_the_page_on_architecture_names_every_module_and_none_that_is_gone() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text()
    table = page[page.index("| floor |") : page.index("## The way of an audit")]
    named = set(re.findall(r"`([a-z_]+)/?`", table))
    modules = {path.stem for path in LIBRARY.glob("*.py")} | {path.parent.name for path in LIBRARY.glob("*/__init__.py")}
    inside = {path.stem for path in LIBRARY.glob("*/*.py")}
    assert sorted(modules - named - {"__init__", "__main__"}) == []
    assert sorted(named - modules - inside) == ["outputs"], "the folder; all else is a module"


def test_the_benches_find_what_they_import_from_one_another() -> None:
    """Nothing else runs them: they take minutes."""
    trees = {path.stem: ast.parse(path.read_text()) for path in sorted((ROOT / "bench").glob("*.py"))}
    wanted = {
        (node.module, alias.name)
        for tree in trees.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module in trees
        for alias in node.names
    }
    there = {
        (name, each.name)
        for name, tree in trees.items()
        for each in tree.body
        if isinstance(each, ast.FunctionDef | ast.ClassDef)
    }
    assert wanted
    assert sorted(wanted - there) == []


# -- the house -----------------------------------------------------------------------------------------------------------


def test_a_module_imports_only_from_lower_floors() -> None:
    command = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    done = subprocess.run(
        [sys.executable, "-c", command, "--no-cache"],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT / "lib"), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 kept, 0 broken" in done.stdout


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        relative(path)
        for path in MODULES
        if path.read_text().strip() and "migrations" not in path.parts and not ast.get_docstring(ast.parse(path.read_text()))
    ]
    assert silent == []


def test_no_module_is_too_long() -> None:
    lines = {relative(path): len(path.read_text().splitlines()) for path in LIBRARY.rglob("*.py")}
    assert {name: count for name, count in lines.items() if count > MOST_LINES} == {}


def test_only_the_command_line_prints_and_exits() -> None:
    calls = {
        f"{relative(path)}:{node.lineno}"
        for path in LIBRARY.rglob("*.py")
        if path.name not in ("cli.py", "console.py", "__main__.py", "execution.py", "scheduled_run.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("print", "sys.exit", "exit", "quit")
    }
    assert sorted(calls) == []


def test_the_extras_are_installed_here() -> None:
    """The tests above read distributions by name: without them they would pass for nothing."""
    absent = []
    for name in declared():
        try:
            requires(name)
        except PackageNotFoundError:
            absent.append(name)
    assert [name for name in absent if not name.startswith("types-") and name != "nbstripout"] == []

"""What `mendbook lab` prepares: copies that are a person's own, this very Python, no histories, and clear refusals."""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mendbook.config import load
from mendbook.errors import ConfigError, OutputError
from mendbook.execution import laboratory, notebook_copies
from mendbook.execution.laboratory import Laboratory, prepare
from mendbook.execution.notebook_copies import provide
from mendbook.execution.notebook_files import find_notebook
from mendbook.files.workplace import CONFIG, OUTPUTS, PROJECT, RUN_FOLDER, command_options, project_folder, resolve
from support.commands import command_in
from support.shop import Shop


@pytest.fixture
def port() -> int:
    return laboratory._free()


@pytest.fixture
def originals(tmp_path: Path, monkeypatch: Any) -> Path:
    """A folder of one notebook in the place of mendbook's own."""
    folder = tmp_path / "shipped"
    folder.mkdir()
    ship(folder, "first")
    monkeypatch.setattr(notebook_copies, "find_notebook", lambda _: folder / "01_audit.ipynb")
    return folder


def ship(folder: Path, source: str, outputs: tuple[Any, ...] = ()) -> None:
    cell = {"cell_type": "code", "id": "a", "metadata": {}, "source": [source], "outputs": [*outputs], "execution_count": None}
    (folder / "01_audit.ipynb").write_text(json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))


def prepared(shop: Shop, port: int, **options: Any) -> Laboratory:
    return prepare(load(shop.config), shop.outputs, port, **options)


def test_copies_of_all_notebooks_for_this_person_alone(shop: Shop, port: int) -> None:
    made = prepared(shop, port)
    shipped = sorted(path.name for path in find_notebook("audit").parent.glob("*.ipynb"))
    assert sorted(path.name for path in made.folder.glob("*.ipynb")) == shipped
    assert made.folder == shop.outputs / "lab"
    assert made.folder.stat().st_mode & 0o777 == 0o700
    assert f"--ServerApp.root_dir={made.folder}" in made.command


def test_a_copy_keeps_what_a_person_did(originals: Path, tmp_path: Path) -> None:
    folder, record = tmp_path, tmp_path / "copies.json"
    assert provide(folder, record) == []
    ship(folder, "my own")
    ship(originals, "first", ({"output_type": "stream", "name": "stdout", "text": ["1"]},))
    assert provide(folder, record) == []
    assert "my own" in (folder / "01_audit.ipynb").read_text()


def test_a_new_version_takes_the_place_of_a_copy_that_was_only_run(originals: Path, tmp_path: Path) -> None:
    folder, record = tmp_path, tmp_path / "copies.json"
    provide(folder, record)
    ship(folder, "first", ({"output_type": "stream", "name": "stdout", "text": ["1"]},))
    ship(originals, "second")
    assert provide(folder, record) == []
    assert "second" in (folder / "01_audit.ipynb").read_text()


@pytest.mark.parametrize("told", [None, "{}", "not JSON", "[]"])
def test_a_new_version_sets_aside_a_copy_with_something_of_ones_own(originals: Path, tmp_path: Path, told: str | None) -> None:
    folder, record = tmp_path, tmp_path / "copies.json"
    provide(folder, record)
    if told is not None:
        record.write_text(told)
    ship(folder, "my own")
    ship(originals, "second")
    [aside] = provide(folder, record)
    assert "my own" in aside.read_text()
    assert "second" in (folder / "01_audit.ipynb").read_text()
    assert provide(folder, record) == [], "once"


def test_a_copy_that_cannot_be_read_is_set_aside(originals: Path, tmp_path: Path) -> None:
    (tmp_path / "01_audit.ipynb").write_text("{")
    assert originals != tmp_path
    [aside] = provide(tmp_path, tmp_path / "copies.json")
    assert aside.read_text() == "{"


def test_bound_to_localhost_with_a_token_and_without_news(shop: Shop, port: int) -> None:
    command = prepared(shop, port, browser=False).command
    assert command[:3] == (sys.executable, "-m", "jupyterlab")
    assert {"--ServerApp.ip=localhost", f"--ServerApp.port={port}", "--no-browser", "--LabApp.news_url=None"} <= set(command)
    assert not any("token" in word or "password" in word for word in command)
    settings = json.loads((shop.outputs / "lab/.jupyter/labconfig/default_setting_overrides.json").read_text())
    assert settings["@jupyterlab/apputils-extension:notification"] == {"fetchNews": "false", "checkForUpdates": False}


def test_the_kernel_is_this_python_and_keeps_no_history(shop: Shop, port: int, monkeypatch: Any) -> None:
    from jupyter_client.kernelspec import KernelSpecManager

    made = prepared(shop, port)
    monkeypatch.setenv("JUPYTER_PATH", made.environment["JUPYTER_PATH"])
    spec = KernelSpecManager().get_kernel_spec("python3")
    assert spec.argv[0] == sys.executable
    assert "--HistoryManager.enabled=False" in spec.argv
    assert made.environment["HISTFILE"] == os.devnull


def test_what_others_set_stays_in_reach(shop: Shop, port: int, monkeypatch: Any) -> None:
    monkeypatch.setenv("JUPYTER_PATH", "/somewhere/else")
    monkeypatch.setenv(RUN_FOLDER, "/some/run")
    environment = prepared(shop, port).environment
    assert environment["JUPYTER_PATH"] == f"{shop.outputs / 'lab/.jupyter'}{os.pathsep}/somewhere/else"
    assert environment["PATH"].startswith(str(Path(sys.executable).parent) + os.pathsep)
    assert RUN_FOLDER not in environment
    assert (environment[CONFIG], environment[OUTPUTS]) == (str(shop.config), str(shop.outputs))


def test_a_kernel_shows_commands_for_the_project_s_folder(shop: Shop, port: int, monkeypatch: Any) -> None:
    monkeypatch.chdir(shop.home)
    made = prepared(shop, port)
    spec = json.loads((made.folder / ".jupyter/kernels/python3/kernel.json").read_text())
    for name, value in {**made.environment, **spec["env"]}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(made.folder)
    assert spec["env"][PROJECT] == str(shop.home)
    assert project_folder() == shop.home
    settings, folder = resolve("", "")
    assert (settings.path, folder) == (shop.config, shop.outputs)
    assert command_options(settings, folder) == "", "the same command in the lab's terminal and in the project's folder"


def test_a_command_in_the_lab_s_terminal_means_the_lab_s_configuration(shop: Shop, monkeypatch: Any, capsys: Any) -> None:
    elsewhere = shop.home / "elsewhere"
    elsewhere.mkdir()
    mendbook = command_in(elsewhere, monkeypatch, capsys)
    assert "There is no" in mendbook("audit", "shop").err
    monkeypatch.setenv(CONFIG, str(shop.config))
    monkeypatch.setenv(OUTPUTS, str(shop.outputs))
    assert mendbook("audit", "shop", "--json").code in (0, 1)
    assert list(shop.outputs.glob("runs/*"))


@pytest.fixture
def taken(port: int) -> Iterator[int]:
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        yield port


def test_a_taken_port_is_refused_with_a_free_one(shop: Shop, taken: int, monkeypatch: Any, capsys: Any) -> None:
    answer = command_in(shop.home, monkeypatch, capsys)("lab", f"--port={taken}", "--no-browser")
    assert answer.code == 2
    assert f"Port {taken} is taken by another program." in answer.words
    assert "mendbook lab --port " in answer.words


def test_without_jupyterlab(shop: Shop, port: int, monkeypatch: Any) -> None:
    monkeypatch.setattr(laboratory, "find_spec", lambda _: None)
    with pytest.raises(ConfigError, match="JupyterLab is not installed here"):
        prepared(shop, port)


def test_without_a_configuration_or_a_demo(tmp_path: Path, monkeypatch: Any, capsys: Any) -> None:
    answer = command_in(tmp_path, monkeypatch, capsys)("lab", "--no-browser")
    assert answer.code == 2
    assert "mendbook demo" in answer.words
    assert list(tmp_path.iterdir()) == []


def test_where_outputs_cannot_be_written(shop: Shop, port: int) -> None:
    (shop.outputs).mkdir(exist_ok=True)
    (shop.outputs / "lab").write_text("a file")
    with pytest.raises(OutputError, match="Cannot write"):
        prepared(shop, port)


def test_it_says_what_it_opens_and_becomes_jupyterlab(shop: Shop, port: int, monkeypatch: Any, capsys: Any) -> None:
    became: list[tuple[str, ...]] = []
    monkeypatch.setattr(os, "execve", lambda *arguments: became.append(arguments))
    (shop.outputs / "lab").mkdir(parents=True)
    (shop.outputs / "lab" / "01_audit.ipynb").write_text("mine")
    answer = command_in(shop.home, monkeypatch, capsys)("lab", f"--port={port}")
    assert answer.code == 0
    assert str(shop.outputs / "lab") in answer.words
    assert "yours is 01_audit-until-" in answer.words
    [(program, command, _)] = became
    assert (program, command[0]) == (sys.executable, sys.executable)
    assert "--no-browser" not in command

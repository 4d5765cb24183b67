"""`mendbook lab` as a person meets it: a real JupyterLab, driven in a real browser as by mouse and keyboard.

Waits are for what a person would wait for; nothing waits for a time. What was started is ended.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest

CHROMIUM = next((path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None)
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
#: Long enough for a slow machine with much else to do; nothing waits this long where all is well.
PATIENCE = 180.0
LIBRARY = Path(__file__).resolve().parents[2] / "lib"


@contextlib.contextmanager
def launched() -> Iterator[Any]:
    """A headless Chromium; without one the test is skipped, or fails where CI=true."""
    if CHROMIUM is None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("There is no chromium to open JupyterLab with.")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class RunningLab:
    """A JupyterLab that answers: where, with which token, as which process."""

    url: str
    token: str
    process: subprocess.Popen[bytes]
    folder: Path
    said: Path
    children: list[psutil.Process] = field(default_factory=list)

    @property
    def address(self) -> str:
        """What a person opens: the address with the token, as JupyterLab prints it."""
        return f"{self.url}lab?token={self.token}"

    def ask(self, path: str, document: Any = None) -> Any:
        """A JSON answer of JupyterLab's own interface; ``document`` is sent to it."""
        data = None if document is None else json.dumps(document).encode()
        request = urllib.request.Request(f"{self.url}{path}", data, {"Authorization": f"token {self.token}"})
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return json.load(answer)

    def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        """End it by a signal, as a person or a service would; its exit code. Kernels that outlive it are in ``children``."""
        if self.process.poll() is None:
            self.children = psutil.Process(self.process.pid).children(recursive=True)
            self.process.send_signal(how)
        try:
            return self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise

    def left(self) -> list[str]:
        """Of the processes that ran in it, those which are still there a moment after its end."""
        _, alive = psutil.wait_procs(self.children, timeout=PATIENCE)
        return [" ".join(process.cmdline()) for process in alive]


def free_port() -> int:
    with socket.create_server(("localhost", 0)) as server:
        return int(server.getsockname()[1])


@contextlib.contextmanager
def running_lab(home: Path, *arguments: str, **environment: str) -> Iterator[RunningLab]:
    """``mendbook lab`` typed in ``home``, from its first answer until it is ended; with a home folder of its own."""
    private, said = home / "somebody", home / "lab.log"
    runtime = private / "runtime"
    runtime.mkdir(parents=True, exist_ok=True)
    _listen_to_terminals(private)
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "MENDBOOK", "IPYTHON"))}
    there = {**inherited, "PYTHONPATH": str(LIBRARY), "HOME": str(private), "JUPYTER_RUNTIME_DIR": str(runtime), **environment}
    command = [sys.executable, "-m", "mendbook", "lab", "--no-browser", f"--port={free_port()}", *arguments]
    with said.open("wb") as log:
        process = subprocess.Popen(command, cwd=home, env=there, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    lab = None
    try:
        lab = _answering(process, runtime, home, said)
        yield lab
    finally:
        with contextlib.suppress(psutil.NoSuchProcess):
            started = psutil.Process(process.pid).children(recursive=True)
            (lab or RunningLab("", "", process, home, said)).end()
            for child in psutil.wait_procs(started, timeout=60)[1]:
                with contextlib.suppress(psutil.NoSuchProcess):
                    child.kill()
        process.wait()


def _listen_to_terminals(home: Path) -> None:
    """As for a person who hears the screen read out: what a terminal shows is there as text, and not as a picture alone."""
    settings = home / ".jupyter" / "lab" / "user-settings" / "@jupyterlab" / "terminal-extension"
    settings.mkdir(parents=True, exist_ok=True)
    (settings / "plugin.jupyterlab-settings").write_text('{"screenReaderMode": true}')


def _answering(process: subprocess.Popen[bytes], runtime: Path, home: Path, said: Path) -> RunningLab:
    """JupyterLab as it describes itself in its runtime folder, once it answers."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        assert process.poll() is None, f"mendbook lab ended with {process.returncode}:\n{said.read_text()}"
        with contextlib.suppress(OSError, ValueError, KeyError):
            document = json.loads((runtime / f"jpserver-{process.pid}.json").read_text())
            lab = RunningLab(document["url"], document["token"], process, home, said)
            lab.ask("api/status")
            return lab
        time.sleep(0.1)
    raise AssertionError(f"JupyterLab did not answer:\n{said.read_text()}")


@dataclass
class Desk:
    """A person at JupyterLab: opens notebooks, runs them, reads what is shown, types."""

    page: Any
    lab: RunningLab
    #: What the browser asked of any other machine than this one, and what it complained of.
    elsewhere: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.set_default_timeout(PATIENCE * 1000)
        self.page.on("request", self._asked)
        self.page.on("pageerror", self._complained)

    def _asked(self, request: Any) -> None:
        if not re.match(r"(https?|wss?)://localhost:|data:|blob:", request.url):
            self.elsewhere.append(request.url)

    def _complained(self, error: Any) -> None:
        """Errors of JupyterLab's own code are not ours: on a slow machine it tells of each request that a restart cut short."""
        frames = [line for line in (error.stack or "").splitlines() if "://" in line]
        own = frames and all("/static/" in frame for frame in frames)
        if not own and "ResizeObserver loop" not in str(error):
            self.complaints.append(f"{error} {frames}")

    def arrive(self) -> Desk:
        """Open the address that JupyterLab printed, and wait until it is there."""
        self.page.goto(self.lab.address)
        self.page.wait_for_selector("#jupyterlab-splash", state="detached")
        self.page.wait_for_selector(".jp-DirListing-item")
        return self

    def menu(self, *path: str) -> None:
        """Choose from the menu bar: menu("Kernel", "Restart Kernel and Run All Cells…")."""
        self.page.locator(".lm-MenuBar-itemLabel", has_text=re.compile(f"^{path[0]}$")).click()
        for label in path[1:]:
            words = re.compile(f"^{re.escape(label)}$")
            self.page.locator(".lm-Menu-itemLabel", has_text=words).locator("visible=true").last.click()

    def open(self, name: str) -> None:
        """Open a file by a double click in the file browser, and wait until a notebook's kernel is idle."""
        self.page.locator(f'.jp-DirListing-item[title*="Name: {name}"]').dblclick()
        self.page.locator(".lm-TabBar-tab.lm-mod-current", has_text=name).first.wait_for()
        if name.endswith(".ipynb"):
            self.page.locator(".jp-Notebook:visible .jp-Cell").first.wait_for()
            self.wait_idle()

    @property
    def notebook(self) -> Any:
        return self.page.locator(".jp-NotebookPanel:visible")

    def wait_idle(self) -> None:
        """Until the kernel of the notebook in front has nothing to do."""
        self.page.locator("#jp-main-statusbar").get_by_text(re.compile(r"\| Idle$")).wait_for()

    def restart_and_run_all(self) -> None:
        """Restart the kernel and run all cells by the menu, say yes, and wait until every cell has ended."""
        self.menu("Run", "Restart Kernel and Run All Cells…")
        self.page.locator(".jp-Dialog .jp-mod-accept").click()
        self._wait_until_run()

    def restart(self) -> None:
        """Restart the kernel by the menu and wait until it is back."""
        self.menu("Kernel", "Restart Kernel…")
        self.page.locator(".jp-Dialog .jp-mod-accept").click()
        self.page.locator(".jp-Dialog").wait_for(state="detached")
        self.wait_idle()

    def _wait_until_run(self) -> None:
        """Every code cell has a number, and the kernel is idle: they run one after the other, in their order."""
        self.page.wait_for_function(
            """() => {
              const panel = [...document.querySelectorAll('.jp-NotebookPanel')].find(each => each.offsetParent !== null);
              const prompts = [...panel.querySelectorAll('.jp-CodeCell .jp-InputPrompt')].map(each => each.textContent);
              const indicator = panel.querySelector('.jp-Notebook-ExecutionIndicator');
              const numbers = prompts.map(each => Number((each.match(/\\[(\\d+)\\]/) || [])[1] || 0));
              const inOrder = numbers.every((each, at) => each === at + 1);
              const failed = panel.querySelector('.jp-OutputArea-output[data-mime-type="application/vnd.jupyter.stderr"], '
                + '.jp-RenderedText[data-mime-type="application/vnd.jupyter.error"]');
              return indicator && indicator.dataset.status === 'idle' && (inOrder || failed) && !prompts.includes('[*]:');
            }"""
        )

    def cell(self, number: int) -> Any:
        """The code cell with that number, from 1."""
        return self.notebook.locator(".jp-CodeCell").nth(number - 1)

    def output(self, text: str) -> Any:
        """The output of the code cell whose source has ``text``."""
        cell = self.notebook.locator(".jp-CodeCell", has=self.page.locator(".jp-InputArea-editor", has_text=text))
        return cell.locator(".jp-OutputArea").first

    def troubles(self) -> list[str]:
        """What a person would see that went wrong: errors, tracebacks, warnings on stderr, widgets that do not show."""
        found = []
        for kind in ("application/vnd.jupyter.stderr", "application/vnd.jupyter.error"):
            found += self.notebook.locator(f'.jp-OutputArea-output[data-mime-type="{kind}"]').all_text_contents()
        # not inner_text(): what is not on the screen just now is not laid out, and has none
        shown = " ".join(self.notebook.locator(".jp-OutputArea").all_text_contents())
        return found + [word for word in ("Traceback", "Error displaying widget", "Loading widget") if word in shown]

    def replace(self, old: str, new: str) -> None:
        """Change ``old`` to ``new`` in the parameters, the first code cell, as by typing it."""
        editor = self.notebook.locator(".jp-CodeCell").first.locator(".cm-content")
        source = "\n".join(editor.locator(".cm-line").all_text_contents())
        assert old in source, source
        editor.click()
        self.page.keyboard.press("ControlOrMeta+a")
        self.page.keyboard.insert_text(source.replace(old, new))

    def save(self) -> None:
        """Save the notebook in front as everybody does, and wait until it is on the disk."""
        self.page.keyboard.press("Control+s")
        self.page.wait_for_function("() => !document.querySelector('#jp-main-dock-panel .lm-mod-current.jp-mod-dirty')")

    def terminal(self) -> None:
        """Open a terminal by the menu, and wait for its prompt."""
        self.menu("File", "New", "Terminal")
        self.page.locator(".jp-Terminal:visible .xterm-helper-textarea").wait_for(state="attached")
        self._terminal_shows(r"[$#%>]\s*$")

    def type(self, line: str) -> None:
        """Type a line into the terminal in front."""
        self.page.locator(".jp-Terminal:visible .xterm-helper-textarea").focus()
        self.page.keyboard.type(line)
        self.page.keyboard.press("Enter")

    def terminal_shows(self, text: str) -> None:
        """Wait until the terminal in front shows ``text``, however it is wrapped."""
        self._terminal_shows(r"\s*".join(re.escape(letter) for letter in text if not letter.isspace()))

    def _terminal_shows(self, pattern: str) -> None:
        self.page.wait_for_function(
            """pattern => [...document.querySelectorAll('.jp-Terminal')].some(each => each.offsetParent !== null
              && new RegExp(pattern).test([...each.querySelectorAll('.xterm-accessibility-tree > div')]
                .map(row => row.textContent).join('').trim()))""",
            arg=pattern,
        )

    def theme(self, name: str) -> None:
        """JupyterLab's "Light" or "Dark" theme, by the menu."""
        self.menu("Settings", "Theme", f"JupyterLab {name}")
        self.page.locator(f'body[data-jp-theme-light="{str(name == "Light").lower()}"]').wait_for(state="attached")

    def whole_picture(self, path: Path, width: int = 1360) -> Path:
        """The notebook in front from its first cell to its last, as a tall PNG."""
        before = self.page.viewport_size
        self.page.add_style_tag(content=".jp-Cell { content-visibility: visible !important; }")
        scrolled = self.notebook.locator(".jp-WindowedPanel-outer")
        self.page.set_viewport_size({"width": width, "height": before["height"]})
        height = scrolled.evaluate(
            "each => [...each.querySelectorAll('.jp-Cell')].reduce((sum, cell) => sum + cell.offsetHeight, 0)"
        )
        self.page.set_viewport_size({"width": width, "height": min(height + 400, 16000)})
        scrolled.evaluate(
            """each => {
              each.scrollTop = 0;
              return new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
            }"""
        )
        self.picture(path)
        self.page.set_viewport_size(before)
        return path

    def picture(self, path: Path) -> Path:
        """What is seen of the window now, as a PNG."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=path)
        return path

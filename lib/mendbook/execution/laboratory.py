"""JupyterLab on copies of the notebooks in outputs/lab, bound to localhost with its token, with the configuration at hand.

Prepares a process and becomes it; it opens no database itself. A person's own settings of JupyterLab hold, and none of
their files are written: what differs here stands in outputs/lab/.jupyter. URLs travel in the environment and .env alone.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import socket
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn

from mendbook.config import Settings
from mendbook.errors import ConfigError
from mendbook.execution.notebook_copies import provide
from mendbook.files.publish import output_error, publish
from mendbook.files.workplace import CONFIG, OUTPUTS, PROJECT, RUN_FOLDER, project_folder

LAB = "lab"
_OWN = ".jupyter"
#: Defaults that a person's own settings still win over: nothing asks for news, nothing looks for updates.
_SETTINGS = {"@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False}}
#: What is typed into a terminal there may name people and keys; it must not stay behind in a history.
_NO_HISTORY = {"HISTFILE": os.devnull, "PSQL_HISTORY": os.devnull, "LESSHISTFILE": "-"}


@dataclass(frozen=True)
class Laboratory:
    """A JupyterLab that is ready to be started: ``folder`` holds the copies, ``aside`` those that a new one replaced."""

    folder: Path
    aside: tuple[Path, ...]
    command: tuple[str, ...]
    environment: dict[str, str]

    def start(self) -> NoReturn:
        """Become JupyterLab: it hears Ctrl-C and SIGTERM itself, and ends its kernels and terminals before it ends."""
        sys.stdout.flush()
        sys.stderr.flush()
        os.chdir(self.folder)
        os.execve(self.command[0], self.command, self.environment)


def prepare(settings: Settings, outputs: Path, port: int, browser: bool = True) -> Laboratory:
    """Everything that JupyterLab needs, in outputs/lab. Raises ConfigError or OutputError."""
    if find_spec("jupyterlab") is None:
        raise ConfigError("JupyterLab is not installed here.", 'Type: pip install "jupyterlab>=4.4,<5"')
    _check_free(port)
    folder = outputs / LAB
    own = folder / _OWN
    try:
        (own / "labconfig").mkdir(mode=0o700, parents=True, exist_ok=True)
        (own / "kernels" / "python3").mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
    except OSError as failure:
        raise output_error(own, failure) from failure
    publish(own / "labconfig" / "default_setting_overrides.json", json.dumps(_SETTINGS))
    _write_kernel(own / "kernels" / "python3")
    aside = provide(folder, own / "copies.json")
    return Laboratory(folder, tuple(aside), _command(folder, port, browser), _environment(settings, outputs, own))


def _check_free(port: int) -> None:
    """Another program's port is refused here: JupyterLab would go on to the next one, and the person to the other program."""
    for family, kind, _, _, address in socket.getaddrinfo("localhost", port, type=socket.SOCK_STREAM):
        with socket.socket(family, kind) as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                tried.bind(address)
            except OSError as failure:
                if failure.errno == errno.EADDRNOTAVAIL:  # localhost may have an address that this machine has not
                    continue
                taken = failure.errno == errno.EADDRINUSE
                why = "is taken by another program" if taken else f"cannot be used: {failure.strerror}"
                raise ConfigError(f"Port {port} {why}.", f"Choose another one: mendbook lab --port {_free()}") from failure


def _free() -> int:
    with socket.create_server(("localhost", 0)) as server:
        return int(server.getsockname()[1])


def _write_kernel(folder: Path) -> None:
    """The notebooks' kernel: this very Python, whatever "python3" means to a person's other notebooks; without a history.

    Commands that it shows are meant for the folder where ``mendbook lab`` was typed; its own folder is another one.
    """
    from ipykernel.kernelspec import RESOURCES, get_kernel_dict

    spec = {
        **get_kernel_dict(extra_arguments=["--HistoryManager.enabled=False"]),
        "display_name": "Python 3 (ipykernel)",
        "env": {PROJECT: str(project_folder())},
    }
    publish(folder / "kernel.json", json.dumps(spec, indent=1))
    for logo in Path(RESOURCES).glob("logo*"):
        shutil.copyfile(logo, folder / logo.name)


def _command(folder: Path, port: int, browser: bool) -> tuple[str, ...]:
    # a login shell, which Jupyter starts where it has no terminal of its own, would forget where mendbook is
    shell = json.dumps({"shell_command": [os.environ.get("SHELL") or shutil.which("bash") or "sh"]})
    return (
        sys.executable, "-m", "jupyterlab",
        f"--ServerApp.root_dir={folder}",
        "--ServerApp.ip=localhost",
        f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0",
        "--ServerApp.answer_yes=True",
        "--ServerApp.log_level=WARN",
        "--LabApp.log_level=WARN",
        # what kernels show goes through ports of this machine, which other people may use too
        "--KernelManager.transport_encryption=auto",
        f"--ServerApp.terminado_settings={shell}",
        "--LabApp.news_url=None",
        # what was open in another JupyterLab of this person is not here
        f"--LabApp.workspaces_dir={folder / _OWN / 'workspaces'}",
        *([] if browser else ["--no-browser"]),
        *(["--allow-root"] if os.geteuid() == 0 else []),
    )  # fmt: skip


def _environment(settings: Settings, outputs: Path, own: Path) -> dict[str, str]:
    """What kernels and terminals inherit."""
    there = {name: value for name, value in os.environ.items() if name not in (RUN_FOLDER, PROJECT)}
    return {
        **there,
        **_NO_HISTORY,
        CONFIG: str(settings.path),
        OUTPUTS: str(outputs),
        "PATH": _first(str(Path(sys.executable).parent), there.get("PATH", os.defpath)),
        "JUPYTER_PATH": _first(str(own), there.get("JUPYTER_PATH", "")),
        "JUPYTER_CONFIG_PATH": _first(str(own), there.get("JUPYTER_CONFIG_PATH", "")),
    }


def _first(folder: str, path: str) -> str:
    """A search path that looks into ``folder`` before all others."""
    return f"{folder}{os.pathsep}{path}" if path else folder

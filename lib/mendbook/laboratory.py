"""JupyterLab on the notebooks, bound to localhost with its token, with the configuration at hand.

Starts a process and waits for it; it opens no database itself. URLs travel in the environment and .env alone.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from mendbook.config import Settings
from mendbook.notebook_files import find_notebook
from mendbook.workplace import CONFIG, OUTPUTS


def open_lab(settings: Settings, outputs: Path, port: int, browser: bool = True) -> int:
    """Run JupyterLab until it is stopped, its kernels set to ``settings`` and ``outputs``; its exit code."""
    command = [
        sys.executable, "-m", "jupyterlab", f"--notebook-dir={find_notebook('audit').parent}",
        "--ServerApp.ip=localhost", f"--ServerApp.port={port}", "--LabApp.news_url=None",
        # names and keys of people must not stay behind in IPython's history
        "--KernelManager.extra_arguments=--HistoryManager.enabled=False",
        *([] if browser else ["--no-browser"]),
        *(["--allow-root"] if os.geteuid() == 0 else []),
    ]  # fmt: skip
    environment = {**os.environ, CONFIG: str(settings.path), OUTPUTS: str(outputs)}
    return subprocess.run(command, check=False, env=environment).returncode

"""JupyterLab on the notebooks, bound to localhost with its token, with the configuration at hand.

Starts a process and waits for it; it opens no database itself. URLs travel in the environment and .env alone.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from mendbook.config import DEMO_CONFIG, Settings
from mendbook.demo import revive
from mendbook.errors import MendbookError
from mendbook.notebook_files import find_notebook


def open_lab(settings: Settings, outputs: Path, port: int, browser: bool = True) -> int:
    """Run JupyterLab until it is stopped; its exit code. The demo's server is started again where it is the demo's."""
    if settings.path == outputs / DEMO_CONFIG:
        revive(outputs)
    notebooks = find_notebook("audit").parent
    command = [sys.executable, "-m", "jupyterlab", f"--notebook-dir={notebooks}", "--ServerApp.ip=localhost"]
    command += [f"--ServerApp.port={port}", *([] if browser else ["--no-browser"])]
    # names and keys of people must not stay behind in IPython's history
    command += ["--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate", "--LabApp.news_url=None"]
    try:
        return subprocess.run(command, check=False).returncode
    except FileNotFoundError as error:
        raise MendbookError(f"JupyterLab did not start: {error}.", "pip install 'mendbook'") from error

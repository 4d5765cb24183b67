"""``python -m mendbook`` and the command ``mendbook``: the command line, loaded so that Ctrl-C may end that too."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Run the command line. Loading it takes a moment, in which Ctrl-C ends it as quietly as later."""
    try:
        from mendbook.cli import main as run
    except KeyboardInterrupt:
        os.write(2, b"stopped.\n")
        sys.exit(130)
    run()


if __name__ == "__main__":
    main()

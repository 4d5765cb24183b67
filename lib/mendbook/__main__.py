"""``python -m mendbook``: the command line."""

from mendbook.cli import main

main()

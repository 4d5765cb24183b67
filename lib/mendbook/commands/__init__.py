"""The commands of plans and of the ledger, one module each, which cli.py puts together: arguments -> workbook -> words.

A module here registers its commands on ``app`` or ``ledger``; it prints through console.py, and nothing below it prints.
"""

from __future__ import annotations

import typer

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
ledger = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
app.add_typer(ledger, name="ledger", help="What was done to a database, kept in that database.")

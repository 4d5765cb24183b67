"""The commands, one module each, which cli.py puts together: arguments -> workbook -> words; and what the list of them says.

A module here registers its commands on ``app`` or ``ledger``; it prints through console.py, and nothing below it prints.
"""

from __future__ import annotations

import typer
from typer.models import CommandInfo

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
ledger = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
app.add_typer(ledger, name="ledger", help="What was done to a database, kept in that database.")

#: The commands in the order in which people come to need them, each in a line of help's list.
GLANCE = {
    "demo": "see all of it at work on databases of its own",
    "init": "look at a database, and write mendbook.toml",
    "doctor": "what works for a source, and what to do about the rest",
    "audit": "find every damaged row",
    "incidents": "incidents over time: is it still bleeding?",
    "logs": "the incidents in log files",
    "run": "run a notebook, with a report",
    "lab": "open the notebooks in JupyterLab",
    "plan": "propose repairs; changes nothing",
    "show": "what a plan would change, before and after",
    "sign": "decide on a plan's cases, and sign",
    "apply": "rehearse a plan; with --commit, do it",
    "undo": "propose to take a plan back",
    "except": "two accounts are not the same person",
    "ledger": "what was done to a database: verify, purge",
    "roles": "print SQL: roles with the least rights",
    "guard": "print SQL: the constraints that are missing",
    "drill": "register made-up people: does the race still open?",
    "schedule": "what runs when: show, install",
    "tick": "run what is due, once",
    "serve": "run the schedule for good",
    "alerts": "who is told of what happens: test, show",
}


def arrange(made: typer.Typer) -> None:
    """Put every command in its place in help's list; one that ``GLANCE`` does not know is an error."""
    order = list(GLANCE)
    for command in made.registered_commands:
        command.short_help = GLANCE[_name(command)]
    made.registered_commands.sort(key=lambda command: order.index(_name(command)))
    for group in made.registered_groups:
        group.short_help = GLANCE[str(group.name)]


def _name(command: CommandInfo) -> str:
    return command.name or getattr(command.callback, "__name__", "").rstrip("_")

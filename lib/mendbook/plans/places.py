"""Where plans stand below outputs/, and what a plan's id tells: finds a plan by its id or its folder, or a source's newest.

It reads names of folders, and no plan.
"""

from __future__ import annotations

from pathlib import Path

from mendbook.errors import ConfigError, known
from mendbook.plans.files import PLAN_FILE


def locate(plan: str, outputs: Path) -> Path:
    """The folder of a plan by its id or its path; ConfigError lists the plans there are."""
    plans = outputs / "plans"
    folder = plans / plan if "/" not in plan and plan not in ("", ".", "..") else Path(plan)
    if not (folder / PLAN_FILE).is_file():
        folder = Path(plan)
    if not (folder / PLAN_FILE).is_file():
        names = [each.parent.name for each in plans.glob(f"*/{PLAN_FILE}")]
        raise ConfigError(f"There is no plan {plan!r}.", known(plan, names, "plan"))
    return folder.resolve()


def newest(source: str, outputs: Path) -> Path | None:
    """The folder of the newest plan of ``source`` in ``outputs``; None where it has none."""
    folders = [each.parent for each in (outputs / "plans").glob(f"*/{PLAN_FILE}")]
    own = [each for each in folders if _is_of(source, each.name)]
    return max(own, key=lambda each: (each.name.partition("-")[0], each.joinpath(PLAN_FILE).stat().st_mtime_ns), default=None)


def _is_of(source: str, name: str) -> bool:
    try:
        return source_of(name) == source
    except ConfigError:
        return False


def plan_id(plan: str) -> str:
    """The id of a plan given by its id or its folder; the folder need not be there any more."""
    return Path(plan).name


def source_of(plan: str) -> str:
    """The source that a plan's id tells; ConfigError where it is none."""
    _, _, rest = plan_id(plan).partition("-")
    source, _, digits = rest.rpartition("-")
    if not source or len(digits) != 12:
        raise ConfigError(f"{plan!r} is not the id of a plan.", "Ids read like 20261120T153000Z-shop-0123456789ab.")
    return source

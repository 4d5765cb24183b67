"""A finding as the tests compare it, and the one place where the tests ask mendbook to find.

Times are microseconds since 1970 (UTC), so that dates which Python's datetime cannot hold compare too.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import pytest


class Finding(NamedTuple):
    """One damaged row, in the columns of findings.parquet."""

    kind: str
    profile: str | None
    case_key: str
    table: str
    row_key: str
    user_key: str | None
    at: int | None


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """The findings in one order whatever is None in them; a list, so that a finding told twice shows."""
    return sorted(findings, key=lambda finding: [(value is not None, value) for value in finding])


def find_all(url: str, mapping_text: str, folder: Path, logs: Iterable[Path] = ()) -> list[Finding]:
    """Every finding of an audit of the source ``case`` of ``mapping_text`` in the database at ``url``, in order.

    ``logs`` are put beside mendbook.toml.
    """
    from mendbook.workbook import Workbook

    # A folder of its own: a property test audits many times in one second.
    home = Path(tempfile.mkdtemp(dir=folder))
    config = home / "mendbook.toml"
    config.write_text(mapping_text, encoding="utf-8")
    for log in logs:
        shutil.copy(log, home)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CASE_URL", url)
        audit = Workbook.open("case", config=config, outputs=home / "outputs").audit()
    return read_findings(Path(audit.folder) / "findings.parquet")


def read_findings(file: Path) -> list[Finding]:
    """The findings that an audit has left, in order."""
    import pyarrow as arrow
    from pyarrow import parquet

    table = parquet.read_table(file)
    at = table.schema.get_field_index("at")
    micros = table.column("at").cast(arrow.timestamp("us", tz="UTC")).cast(arrow.int64())
    table = table.set_column(at, "at", micros)
    return in_order(Finding(**row) for row in table.select(Finding._fields).to_pylist())

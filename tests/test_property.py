"""mendbook's finders against the oracle, on random sources."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from case_folders import KINDS, NOT_FROM_TABLES, connect
from finding import find_all
from hypothesis import HealthCheck, given, settings
from oracle import brute_force
from random_source import Source, load, sources


def test_mendbook_agrees_with_the_oracle_on_random_sources(database: Any, tmp_path: Path) -> None:
    connection = connect(database)
    seen: set[str] = set()

    @settings(max_examples=40, deadline=None, print_blob=True, suppress_health_check=list(HealthCheck))
    @given(source=sources())
    def compare(source: Source) -> None:
        load(connection, source)
        mapping_text = source.mapping_text()
        read = brute_force(connection, tomllib.loads(mapping_text)["sources"]["case"])
        seen.update(finding.kind for finding in read)
        found = find_all(database.url, mapping_text, tmp_path)
        assert [finding for finding in found if finding.kind not in NOT_FROM_TABLES] == read

    try:
        compare()
    finally:
        connection.close()
    assert seen == set(KINDS) - NOT_FROM_TABLES, "the random sources no longer show every kind of damage"

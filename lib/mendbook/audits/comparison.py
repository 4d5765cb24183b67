"""What changed between two audits: which cases are new, which are gone and which stay, by kind.

A case is known again by its kind, profile and case_key. Only what both audits looked for is compared, so that a kind or a
profile that was left out once is never told as gone, nor as new when it is back. Findings pass through in batches, and of
each case a digest of sixteen bytes is kept: a million cases take some eighty megabytes. It asks no database.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mendbook.audits.results import RESULT, is_audit, read_result
from mendbook.errors import MendbookError, OutputError
from mendbook.model import CHANGE_FILE, FINDING_COLUMNS, FINDINGS_FILE

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

#: A kind of damage in a profile (None: among the users themselves).
Place = tuple[str, str | None]

_DIGEST, _BATCH_ROWS = 16, 20_000


def since_last(runs: Path, folder: Path, result: Mapping[str, Any]) -> tuple[dict[str, Any] | None, list[str]]:
    """How the audit in ``folder`` differs from the last of its database in ``runs``, and what to warn of.

    None where there is no earlier one. An earlier audit whose files are gone or broken is told, and passed over for the one
    before. Leaves change.parquet, the findings of the new cases, in ``folder``. Raises OutputError where it cannot be written.
    """
    warnings: list[str] = []
    for earlier in predecessors(runs, folder, result):
        try:
            return compare(earlier, folder, result), warnings
        except _Unreadable as error:
            warnings.append(f"This audit could not be compared with {earlier.name}: {error.message}")
    return None, warnings


def predecessors(runs: Path, folder: Path, result: Mapping[str, Any]) -> Iterator[Path]:
    """Earlier audits of the same source and database, the one to compare with first.

    That is the newest that looked wherever this one did. Where there is none, whichever has most in common with it, so that
    an audit of a single kind in between hides nothing that is new in the others.
    """
    wanted, partial = looked_at(result), []
    for earlier, values in _earlier(runs, folder, result):
        common = len(wanted & looked_at(values))
        if common == len(wanted):
            yield earlier
        elif common:
            partial.append((common, earlier))
    yield from (earlier for _, earlier in sorted(partial, key=lambda each: -each[0]))  # the newest first, of as many


def _earlier(runs: Path, folder: Path, result: Mapping[str, Any]) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Folders and results of the earlier audits, read as they are asked for, the newest first."""
    own, source = folder.absolute(), str(result["source"])
    try:
        named = sorted((each for each in runs.iterdir() if f"-{source}" in each.name), key=_age, reverse=True)
    except OSError:
        return
    for each in named:
        if each.absolute() == own or not (each / RESULT).is_file():
            continue
        try:
            values = read_result(each)
            if is_audit(values) and _is_before(values, result):
                yield each, values
        except (OutputError, TypeError, KeyError, AttributeError):
            continue  # whatever it is, the index tells of it; it is no audit to compare with


def _age(folder: Path) -> tuple[str, int, str]:
    """Folders by their time; -10 stands behind -9 where several began in the same second."""
    return folder.name.partition("-")[0], len(folder.name), folder.name


def _is_before(earlier: Mapping[str, Any], result: Mapping[str, Any]) -> bool:
    same = earlier["source"] == result["source"] and is_same_database(earlier["database"], result["database"])
    return bool(same and earlier["taken_at"] <= result["taken_at"])


def is_same_database(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two audits saw the same database: by its identity where both know it, else by its name."""
    if one.get("identity") and other.get("identity"):
        return bool(one["identity"] == other["identity"])
    return bool(one["name"] == other["name"])


def looked_at(result: Mapping[str, Any]) -> set[Place]:
    """Where an audit looked: each kind among the users and in each profile, but for what it left out."""
    profiles = [None, *(each["profile"] for each in result["scope"] if each["profile"] is not None)]
    left_out = {(each["kind"], each["profile"]) for each in result["left_out"]}
    return {
        (kind, profile)
        for kind in result["counts"]
        for profile in profiles
        if (kind, None) not in left_out and (kind, profile) not in left_out
    }


def compare(before: Path, after: Path, result: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The change from one audit's folder to another's: {since, kinds: {kind: {new, gone, staying}}, apart, mapping, file}.

    ``apart`` are kinds and profiles that were not compared, ``mapping`` the tables that are mapped otherwise by now. Writes
    ``file``, change.parquet, into ``after``: the findings of the new cases. ``result`` is the later audit's, where result.json
    does not stand there yet. Raises OutputError.
    """
    old = read_result(before)
    now = dict(result) if result is not None else read_result(after)
    common = looked_at(old) & looked_at(now)
    kinds = [kind for kind in now["counts"] if any(kind == each for each, _ in common)]
    known = _Known(before, common, kinds)
    counts = _told(known, after, common, kinds)
    return {
        "since": {"folder": before.name, "taken_at": old["taken_at"]},
        "kinds": counts,
        "apart": _apart(old, now, common),
        "mapping": _mapping(old, now),
        "file": str(after / CHANGE_FILE),
    }


class _Unreadable(OutputError):
    """The earlier audit's files cannot be read: no fault of this one's."""


class _Cases:
    """Digests of cases and the kind of each, as they come; each case once when all are there."""

    def __init__(self) -> None:
        self._digests, self._places = bytearray(), bytearray()

    def add(self, digests: np.ndarray, places: np.ndarray) -> None:
        self._digests += digests.tobytes()
        self._places += places.tobytes()

    def sorted(self) -> tuple[np.ndarray, np.ndarray]:
        import numpy as np

        digests = np.frombuffer(self._digests, dtype=f"S{_DIGEST}")
        order = digests.argsort(kind="stable")
        digests, places = digests[order], np.frombuffer(self._places, dtype=np.uint16)[order]
        first = np.ones(len(digests), dtype=bool)
        first[1:] = digests[1:] != digests[:-1]
        return (digests, places) if first.all() else (digests[first], places[first])


class _Known:
    """The cases of the earlier audit: sorted digests, the kind of each, and which of them were met again."""

    def __init__(self, folder: Path, common: set[Place], kinds: list[str]) -> None:
        import numpy as np

        cases = _Cases()
        try:
            for batch in _batches(folder, ("kind", "profile", "case_key")):
                rows = _Rows(batch, common, kinds)
                cases.add(rows.digests, rows.places)
        except MendbookError as error:
            raise _Unreadable(error.message, error.hint) from error
        self.digests, self.kinds = cases.sorted()
        self.met = np.zeros(len(self.digests), dtype=bool)

    def meet(self, digests: np.ndarray) -> np.ndarray:
        """Which of ``digests`` were there before; they count as met."""
        import numpy as np

        if not len(self.digests):
            return np.zeros(len(digests), dtype=bool)
        place = np.minimum(np.searchsorted(self.digests, digests), len(self.digests) - 1)
        there: np.ndarray = self.digests[place] == digests
        self.met[place[there]] = True
        return there


def _told(known: _Known, after: Path, common: set[Place], kinds: list[str]) -> dict[str, dict[str, int]]:
    """New, gone and staying cases of each kind; the findings of the new ones go into change.parquet as they are met."""
    import numpy as np

    from mendbook.audits.parquet_files import FINDINGS, ParquetFile

    fresh = _Cases()
    with ParquetFile(after / CHANGE_FILE, FINDINGS) as file:
        for batch in _batches(after, FINDING_COLUMNS):
            rows = _Rows(batch, common, kinds)
            new = ~known.meet(rows.digests)
            if new.any():
                fresh.add(rows.digests[new], rows.places[new])
                file.add_batch(_chosen(batch, rows.numbers[new]))
    counts = {"new": fresh.sorted()[1], "gone": known.kinds[~known.met], "staying": known.kinds[known.met]}
    tallies = {name: np.bincount(places, minlength=len(kinds)) for name, places in counts.items()}
    return {kind: {name: int(tally[place]) for name, tally in tallies.items()} for place, kind in enumerate(kinds)}


def _batches(folder: Path, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """The findings in ``folder``, batch by batch. Raises OutputError."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = folder / FINDINGS_FILE
    try:
        with pq.ParquetFile(path, memory_map=False, pre_buffer=False) as file:
            yield from file.iter_batches(_BATCH_ROWS, columns=list(columns), use_threads=False)
    except (OSError, pa.ArrowException, KeyError) as failure:
        reason = str(failure).splitlines()[0]
        raise OutputError(f"{path} cannot be read: {reason}.", "Run the audit again: mendbook audit SOURCE") from failure


class _Rows:
    """Of the rows of a batch that can be compared: their numbers, the digest of each one's case, and its kind's place."""

    def __init__(self, batch: pa.RecordBatch, common: set[Place], kinds: list[str]) -> None:
        import numpy as np
        import pyarrow as pa

        # what no text of a database holds parts the three; a profile of no name is another than none
        starts = {
            (kind, profile): (f"{kind}\0{'' if profile is None else f'={profile}'}\0".encode(), kinds.index(kind))
            for kind, profile in common
        }
        digests, places, numbers = bytearray(), [], []
        keys = batch["case_key"].cast(pa.binary()).to_pylist()
        columns = zip(batch["kind"].to_pylist(), batch["profile"].to_pylist(), keys, strict=True)
        for number, (kind, profile, key) in enumerate(columns):
            if start := starts.get((kind, profile)):
                digests += blake2b(start[0] + (key or b""), digest_size=_DIGEST).digest()
                places.append(start[1])
                numbers.append(number)
        self.digests = np.frombuffer(bytes(digests), dtype=f"S{_DIGEST}")
        self.places = np.array(places, dtype=np.uint16)
        self.numbers = np.array(numbers, dtype=np.intp)


def _chosen(batch: pa.RecordBatch, numbers: np.ndarray) -> pa.RecordBatch:
    """The rows of ``batch`` with these numbers. pa.array() would import pandas, which takes longer than a small audit."""
    import numpy as np
    import pyarrow as pa

    wanted = np.zeros(len(batch), dtype=bool)
    wanted[numbers] = True
    bits = pa.py_buffer(np.packbits(wanted, bitorder="little").tobytes())
    return batch.filter(pa.BooleanArray.from_buffers(pa.bool_(), len(batch), [None, bits]))


def _apart(old: Mapping[str, Any], now: Mapping[str, Any], common: set[Place]) -> list[dict[str, Any]]:
    """The kinds and profiles of the later audit that were not compared, and why."""
    apart: list[dict[str, Any]] = []
    before, after = looked_at(old), looked_at(now)
    profiles = {each["profile"] for each in old["scope"]}
    for kind in now["counts"]:
        if not any(kind == each for each, _ in after):
            continue  # this audit says itself what it left out
        if not any(kind == each for each, _ in before):
            apart.append({"kind": kind, "profile": None, "why": "the last audit did not look for it"})
            continue
        for profile in [each["profile"] for each in now["scope"] if (kind, each["profile"]) in after - common]:
            why = "the last audit left it out" if profile in profiles else "the last audit did not know this profile"
            apart.append({"kind": kind, "profile": profile, "why": why})
    return apart


def _mapping(old: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """The tables that both audits looked at, and that are mapped otherwise by now."""
    before = {(each["role"], each["profile"]): (each["table"], each["mapped"]) for each in old["scope"]}
    return [
        str(each["table"])
        for each in now["scope"]
        if before.get((each["role"], each["profile"]), (each["table"], each["mapped"])) != (each["table"], each["mapped"])
    ]

"""The Parquet files of a run folder: their columns, and a writer whose file gets its name when it is whole.

What stands in each column is told in docs/formats.md. Rows pass through in batches, so memory stays flat however many
there are. Nothing here knows a database or a log.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from mendbook.files.publish import output_error
from mendbook.model import FINDING_COLUMNS

BATCH_ROWS = 10_000

_TEXT, _WHOLE, _REAL, _BOOLEAN = pa.string(), pa.int64(), pa.float64(), pa.bool_()
_TIME = pa.timestamp("us", tz="UTC")

FINDINGS = pa.schema([(name, _TIME if name == "at" else _TEXT) for name in FINDING_COLUMNS])

#: One row a double creation: the two oldest rows of a case.
GAPS = pa.schema(
    [
        ("profile", _TEXT),
        ("case_key", _TEXT),
        ("user_key", _TEXT),
        ("first_key", _TEXT),
        ("second_key", _TEXT),
        ("gap_seconds", _REAL),
        ("signature", _TEXT),
        ("at", _TIME),
    ]
)

#: One row an incident, from the logs (``source`` "logs") or from the rows' own times ("rows").
INCIDENTS = pa.schema(
    [
        ("at", _TIME),
        ("kind", _TEXT),
        ("table", _TEXT),
        ("constraint", _TEXT),
        ("columns", _TEXT),  # separated by commas
        ("key", _TEXT),
        ("handled", _BOOLEAN),
        ("path", _TEXT),
        ("status", _WHOLE),
        ("pid", _TEXT),
        ("tiers", _TEXT),  # "database+application+web"
        ("source", _TEXT),  # "logs" or "rows"
        ("file", _TEXT),
        ("line", _WHOLE),
        ("sample", _TEXT),
        ("user_key", _TEXT),  # the user that it is tied to
        ("row_key", _TEXT),  # the profile row, where it names one
        ("profile", _TEXT),  # the mapping's name of the profile table
        ("evidence", _TEXT),  # of rows: "double creation", "late profile" or "retry"
        ("in_flight", _WHOLE),  # registrations under way at that moment
        ("worker", _TEXT),  # the web worker's process
    ]
)

#: One row a request on a registration path, from access logs; ``seconds`` is how long it took.
REGISTRATIONS = pa.schema(
    [
        ("at", _TIME),
        ("path", _TEXT),
        ("status", _WHOLE),
        ("seconds", _REAL),
        ("pid", _TEXT),
    ]
)

#: One row a request of a drill; ``outcome`` is what the answer to a registration means, status 0 that none came.
REQUESTS_OF_DRILL = pa.schema(
    [
        ("at", _TIME),
        ("person", _WHOLE),
        ("behaviour", _TEXT),
        ("attempt", _WHOLE),
        ("part", _TEXT),
        ("status", _WHOLE),
        ("outcome", _TEXT),
        ("seconds", _REAL),
        ("cut", _BOOLEAN),
    ]
)


class ParquetFile:
    """A Parquet file that gets its name when it is whole; left with an error, it leaves nothing behind."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._path, self._schema = path, schema
        self._aside = path.with_name(f".{path.name}.aside")
        self._columns: list[list[Any]] = [[] for _ in schema]

    def __enter__(self) -> ParquetFile:
        try:
            self._writer = pq.ParquetWriter(self._aside, self._schema, compression="zstd")
        except OSError as failure:
            raise output_error(self._path, failure) from failure
        return self

    def add(self, row: tuple[Any, ...]) -> None:
        for column, value in zip(self._columns, row, strict=True):
            column.append(value)
        if len(self._columns[0]) >= BATCH_ROWS:
            self._flush()

    def add_batch(self, batch: pa.RecordBatch) -> None:
        """Rows of another file with the same columns."""
        try:
            self._writer.write_batch(batch.cast(self._schema))
        except OSError as failure:
            raise output_error(self._path, failure) from failure

    def _flush(self) -> None:
        arrays = [_array(values, field.type) for values, field in zip(self._columns, self._schema, strict=True)]
        try:
            self._writer.write_batch(pa.record_batch(arrays, schema=self._schema))
        except OSError as failure:
            raise output_error(self._path, failure) from failure
        self._columns = [[] for _ in self._schema]

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                self._flush()
                self._writer.close()
                self._aside.replace(self._path)
        except OSError as failure:
            raise output_error(self._path, failure) from failure
        finally:
            with contextlib.suppress(OSError):
                self._writer.close()
                self._aside.unlink(missing_ok=True)


def _array(values: list[Any], kind: pa.DataType) -> pa.Array:
    """The values as an Arrow array. pa.array() imports pandas where it is installed, which takes longer than a small
    audit; so plain values, which nearly all are, go in as text and are cast."""
    if not all(value is None or isinstance(value, (str, int, float)) for value in values):
        return pa.array(values, type=kind)
    builder = pa.lib.StringBuilder()
    builder.append_values([value if value is None or isinstance(value, str) else str(value) for value in values])
    text = builder.finish()
    return text.cast(pa.int64()).cast(kind) if pa.types.is_timestamp(kind) else text.cast(kind)

"""The ledger's arithmetic: which bytes a digest is of. Pure; docs/ledger.md has the same in psql and sha256sum.

    images = SHA-256 of {"after":...,"before":...,"salt":...}          one change's rows, and the salt that goes with them
    digest = SHA-256 of {"batch":...,"case_key":...,"images":...,...}  one change
    changes = SHA-256 of the digests of a batch, one a line            all changes of a batch, in order
    hash = SHA-256 of {"act":...,...,"changes":...,"previous":...}     one row of the ledger, on top of the one before

each of a line of canonical JSON with its newline. Images hang on the chain by their digest alone, so that they can be
removed when their time is over. The salt goes with them: without it nobody can find a short value by trying.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from mendbook.digests import canonical
from mendbook.errors import NotCanonical
from mendbook.model import Change, Image

#: What the first row of a ledger follows.
NOTHING = "0" * 64
ROW = ("act", "at", "batch", "changes", "count", "details", "plan", "position", "previous", "role")


def image_text(image: Image | Mapping[str, str | None] | None) -> Image | None:
    """A row's image as it is stored: canonical JSON of column to text or null. NotCanonical where a value is neither.

    An image that is text already comes from the server, which writes them so, or from a plan, whose bytes are signed.
    """
    if image is None or isinstance(image, str):
        return image
    for column, value in image.items():
        if value is not None and type(value) is not str:
            raise NotCanonical(f"The image's column {column!r} holds no text.", "Take images in the database's own text form.")
    return canonical.text(image)


def as_texts(change: Change) -> Change:
    """The change with its images as they are stored."""
    if all(image is None or type(image) is str for image in (change.before, change.after)):
        return change
    return replace(change, before=image_text(change.before), after=image_text(change.after))


def images_digest(before: str | None, after: str | None, salt: str) -> str:
    """The digest of a change's images as they are stored; None stands for no row."""
    return canonical.digest(f'{{"after":{after or "null"},"before":{before or "null"},"salt":"{salt}"}}\n'.encode())


def change_digest(plan: str, batch: int, seq: int, change: Change | Any, images: str) -> str:
    """The digest of one change: what was done to which row, and the digest of its images."""
    # as canonical.line would write it; the names need no sorting
    text = canonical.text
    told = f'"batch":{batch},"case_key":{text(change.case_key)},"images":"{images}","key":{text(change.key)}'
    named = f'"op":{text(change.op)},"plan":{text(plan)},"seq":{seq},"table":{text(change.table)}'
    return canonical.digest(f"{{{told},{named}}}\n".encode())


def digests_of(plan: str, batch: int, changes: Sequence[Change], salts: Sequence[str]) -> Iterator[tuple[str, str]]:
    """What ``images_digest`` and ``change_digest`` give of each of a batch's changes (images as text), in their order.

    A hundred thousand changes pass here: what all of them share is written once.
    """
    written = canonical.again
    tables = {table: written(table) for table in {change.table for change in changes}}
    begun, named = f'{{"batch":{batch},"case_key":', f'"plan":{written(plan)},"seq":'
    for seq, (change, salt) in enumerate(zip(changes, salts, strict=True), 1):
        images = images_digest(change.before, change.after, salt)  # type: ignore[arg-type]
        told = f'{begun}{written(change.case_key)},"images":"{images}","key":{written(change.key)}'
        rest = f'"op":"{change.op}",{named}{seq},"table":{tables[change.table]}}}\n'
        yield images, canonical.digest(f"{told},{rest}".encode())


def changes_digest(digests: Iterable[str]) -> str:
    """The digest of all changes of a batch, from theirs in the order of seq."""
    return canonical.digest("".join(f"{each}\n" for each in digests).encode())


def row_hash(row: Mapping[str, Any], details: str) -> str:
    """The hash of a row of the ledger, from its other columns; ``details`` is canonical text, ``at`` too (ISO, UTC, µs)."""
    before, after = (
        {name: row[name] for name in names} for names in (ROW[: ROW.index("details")], ROW[ROW.index("details") + 1 :])
    )
    told = f'{canonical.text(before)[:-1]},"details":{details},{canonical.text(after)[1:]}'
    return canonical.digest(f"{told}\n".encode())

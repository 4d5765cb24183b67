"""Lists of texts as PostgreSQL reads an array, so that the driver has one value to quote instead of thousands.

Text in, text out: a statement casts it (``CAST(:keys AS text[])``), and the server takes it apart. It knows no statement.
"""

from __future__ import annotations

from collections.abc import Sequence


def array(texts: Sequence[str | None]) -> str:
    """The texts as an array's literal; None stands for NULL."""
    if texts and None not in texts:
        together = '","'.join(texts)  # type: ignore[arg-type]
        if "\\" not in together and together.count('"') == 2 * (len(texts) - 1):  # nothing to escape, as in most
            return f'{{"{together}"}}'
    return "{" + ",".join(["NULL" if text is None else f'"{_escaped(text)}"' for text in texts]) + "}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')

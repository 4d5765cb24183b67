"""PostgreSQL's own words in other languages: which label is an ERROR, which sentence a unique violation.

`labels.json` holds what PostgreSQL 15 itself prints (its message catalogues) in eleven languages; a few more are
added here from the catalogues of the other languages. Where a language is unknown, SQLSTATE or the shape of the
DETAIL decides.
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

from mendbook.logs.keys import unquoted
from mendbook.logs.observation import Fault

PRIMARY = frozenset({"LOG", "ERROR", "FATAL", "PANIC", "WARNING", "NOTICE", "INFO", "DEBUG"})
_ENGLISH = (
    "LOG",
    "ERROR",
    "FATAL",
    "PANIC",
    "WARNING",
    "NOTICE",
    "INFO",
    "DETAIL",
    "HINT",
    "CONTEXT",
    "STATEMENT",
    "LOCATION",
    "QUERY",
)

#: Languages beyond labels.json: label -> its English.
_MORE = {
    "BŁĄD": "ERROR", "SZCZEGÓŁY": "DETAIL", "WYRAŻENIE": "STATEMENT", "KONTEKST": "CONTEXT", "PODPOWIEDŹ": "HINT",
    "DZIENNIK": "LOG", "KATASTROFALNY": "FATAL", "ERRO": "ERROR", "DETALHE": "DETAIL", "COMANDO": "STATEMENT",
    "CONTEXTO": "CONTEXT", "DICA": "HINT", "AVISO": "WARNING", "HATA": "ERROR", "AYRINTI": "DETAIL", "DEYİM": "STATEMENT",
    "İFADE": "STATEMENT", "BAĞLAM": "CONTEXT", "İPUCU": "HINT", "UYARI": "WARNING", "ÖLÜMCÜL": "FATAL", "CHYBA": "ERROR",
    "PŘÍKAZ": "STATEMENT", "錯誤": "ERROR", "詳細內容": "DETAIL", "陳述式": "STATEMENT", "日誌": "LOG", "致命錯誤": "FATAL",
    "PANIK": "PANIC", "PANICO": "PANIC", "ПАНИКА": "PANIC", "SPROGRAM": "LOG",
}  # fmt: skip

#: SQLSTATE -> kind (Appendix A of PostgreSQL's manual).
STATES = {
    "23505": "unique_violation",
    "23503": "fk_violation",
    "23502": "not_null_violation",
    "40P01": "deadlock",
    "40001": "serialization_failure",
    "25P02": "aborted_transaction",
}
_KINDS = {
    'duplicate key value violates unique constraint "%s"': "unique_violation",
    "deadlock detected": "deadlock",
    "could not serialize access due to concurrent update": "serialization_failure",
    "could not serialize access due to read/write dependencies among transactions": "serialization_failure",
    "current transaction is aborted, commands ignored until end of transaction block": "aborted_transaction",
    'null value in column "%s" of relation "%s" violates not-null constraint': "not_null_violation",
    'insert or update on table "%s" violates foreign key constraint "%s"': "fk_violation",
}
_MARKS = str.maketrans(dict.fromkeys("«»„“”‟「」‹›", '"') | {"\u00a0": " ", "\u202f": " "})
_NAMES = {
    "unique_violation": ("constraint",),
    "not_null_violation": ("column", "table"),
    "fk_violation": ("table", "constraint"),
}


@cache
def catalogues() -> dict[str, dict[str, str | None]]:
    loaded: dict[str, dict[str, str | None]] = json.loads(Path(__file__).with_name("labels.json").read_text("utf-8"))
    return loaded


@cache
def labels() -> dict[str, str]:
    """The last word of every label -> its English."""
    found = {name: name for name in _ENGLISH} | {f"DEBUG{n}": "DEBUG" for n in range(1, 6)} | {"DEBUG": "DEBUG"}
    for words in catalogues().values():
        for english, local in words.items():
            if local and (english in PRIMARY or english.endswith(":  ") or english.startswith("LOCATION")):
                word = local.partition(":")[0].strip().rpartition(" ")[2]
                found.setdefault(word, english.partition(":")[0])
    return found | _MORE


@cache
def error_labels() -> tuple[str, ...]:
    """Every word that means ERROR."""
    return tuple(sorted(word for word, english in labels().items() if english == "ERROR"))


@cache
def sentences() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """``(kind, pattern)`` of every known sentence in every known language but English."""
    found: dict[str, str] = {}
    for words in catalogues().values():
        for english, local in words.items():
            if english in _KINDS and local:
                found[_pattern(local, _KINDS[english])] = _KINDS[english]
    extra = {
        'podwójna wartość klucza narusza ograniczenie unikalności "%s"': "unique_violation",
        'duplicar valor da chave viola a restrição de unicidade "%s"': "unique_violation",
        'tekrar eden kayıt, "%s" tekil kısıtlamasını ihlal etmektedir': "unique_violation",
        '重複的鍵值違反唯一約束 "%s"': "unique_violation",
    }
    for local, kind in extra.items():
        found[_pattern(local, kind)] = kind
    return tuple((kind, re.compile(pattern, re.DOTALL)) for pattern, kind in found.items())


def _pattern(local: str, kind: str) -> str:
    """A sentence of the catalogue as an anchored pattern; blanks match any blanks, since catalogues wrap at will."""
    names = iter(_NAMES.get(kind, ()))
    parts = re.split(r"(\"? ?%(?:\d\$)?s ?\"?)", local.translate(_MARKS))
    pattern = []
    for part in parts:
        if "%" not in part:
            pattern.append(r"\s*".join(re.escape(word) for word in part.split(" ")) if part.strip() else r"\s*")
            continue
        numbered = re.search(r"%(\d)\$", part)
        name = _NAMES[kind][int(numbered[1]) - 1] if numbered else next(names)
        pattern.append(rf"\s*\"?\s*(?P<{name}>[^\n]{{1,200}}?)\s*\"?\s*" if kind != "unique_violation"
                       else rf"\s*\"?\s*(?P<{name}>[^\n]{{1,200}})\"\s*")  # fmt: skip
    return "".join(pattern) + r"\.?$"


def localized(message: str) -> Fault | None:
    """The fault that a message states in one of the other known languages."""
    plain = message.translate(_MARKS)
    for kind, pattern in sentences():
        match = pattern.match(plain)
        if match:
            groups = {name: value.strip() for name, value in match.groupdict().items() if value}
            column = groups.get("column")
            return Fault(kind, groups.get("table"), groups.get("constraint"), (column,) if column else ())
    return None


def quoted(message: str) -> list[str]:
    """The quoted names of a message, whatever quotes its language uses."""
    return [unquoted(name.strip()) for name in re.findall(r'"([^"\n]{1,200})"', message.translate(_MARKS))]

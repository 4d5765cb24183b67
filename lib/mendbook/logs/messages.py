"""What an error message says: the text of PostgreSQL, MySQL, MariaDB, SQLite, Oracle, SQL Server and Django -> a
Fault.

The sentences are those of the servers' own error catalogues (PostgreSQL errcodes, MySQL 1062/1213/1048/1452, Oracle
ORA-00001, SQL Server 2627/2601/1205/547/515, SQLite's sqlite3.c) and of Django's source. `relation .. already
exists`, MySQL 1050 and 1061 and lock waits are not among them on purpose.
"""

from __future__ import annotations

import re

from mendbook.logs.keys import key_of, recovered, table_of
from mendbook.logs.labels import STATES, localized, quoted
from mendbook.logs.observation import Fault
from mendbook.logs.servers import SERVERS

_UNIQUE = 'duplicate key value violates unique constraint "'
_POSITION = re.compile(r" at character \d+$")
_FK = re.compile(
    r'(?:insert or update|update or delete) on table "(.{1,200}?)" violates (?:RESTRICT setting of )?foreign key constraint "(.{1,200}?)"(?: on table "(.{1,200}?)")?'  # noqa: E501
)
_NULL = re.compile(r'null value in column "(.{1,200}?)"(?: of relation "(.{1,200}?)")? violates not-null constraint')
_SERIALIZE = "could not serialize access"

_DEADLOCK = re.compile(
    r"Deadlock found when trying to get lock|was deadlocked on lock|ORA-00060: deadlock detected|Transactions deadlock detected"
)
_DETAIL = re.compile(r"(?:^|\n)\s*(?:DETAIL|Detail|[^\W\d_]{2,20} ?):  ?(?=[^\n]{0,200}\()")
_NODE_DETAIL = re.compile(r"\bdetail: ['\"`](Key \(.{0,2000}? already exists\.)['\"`]")
_SQL = re.compile(r"\[SQL: (.{1,20000}?)\](?=\n|$)", re.DOTALL)

#: Words for the row that belongs to a user; RelatedObjectDoesNotExist of anything else is another story.
_PERSON = r"(?:profile|staff|member|account|customer|user|person|employee|teacher|student|vendor|seller|guide)"
_NO_RELATED = re.compile(r"^(\w{1,100}) has no (\w{1,100})\.?$")
_NO_PROFILE = re.compile(r"^(\w*(?:Profile|Staff)) matching query does not exist\.?")
_SEVERAL = re.compile(r"^get\(\) returned more than one (\w{1,100}) -- it returned ")


def postgres(message: str, detail: str = "", context: str = "", statement: str = "", state: str | None = None) -> Fault | None:
    """The fault of one PostgreSQL error report; ``state`` (SQLSTATE), where known, overrules the words."""
    message = _POSITION.sub("", message.rstrip()) if message.endswith(tuple("0123456789")) else message.rstrip()
    if state is not None and state not in STATES:
        return None
    fault = _english(message) or localized(message)
    if fault is None and detail:
        fault = by_shape(message, detail)
    if fault is None and state is not None and not message.startswith("could not create unique index"):
        fault = _unnamed(STATES[state], message)
    if fault is None or (state is not None and STATES[state] != fault.kind):
        return None
    return _completed(fault, detail, context, statement)


def _english(message: str) -> Fault | None:
    if message.startswith(_UNIQUE):
        end = message.rfind('"')
        return Fault("unique_violation", constraint=message[len(_UNIQUE) : end]) if end > len(_UNIQUE) else None
    if message.startswith("deadlock detected"):
        return Fault("deadlock")
    if message.startswith(_SERIALIZE):
        return Fault("serialization_failure")
    if message.startswith("current transaction is aborted"):
        return Fault("aborted_transaction")
    match = _NULL.match(message)
    if match:
        return Fault("not_null_violation", match[2], columns=(match[1],))
    match = _FK.match(message)
    if match:
        return Fault("fk_violation", match[3] or match[1], match[2])
    return None


def _unnamed(kind: str, message: str) -> Fault | None:
    """SQLSTATE tells the kind and no known sentence the names: read them from the quotes."""
    names = quoted(message)
    if kind == "unique_violation":
        return Fault(kind, constraint=names[-1]) if names else None
    if kind == "not_null_violation":
        return Fault(kind, names[1] if len(names) > 1 else None, columns=tuple(names[:1]))
    if kind == "fk_violation":
        return Fault(kind, names[0] if len(names) > 1 else None, names[1] if len(names) > 1 else None)
    return Fault(kind)


def by_shape(message: str, detail: str) -> Fault | None:
    """An unknown language: one quoted name and a DETAIL of (columns)=(values) is a unique violation, two are a
    foreign key's."""
    if detail.startswith("Key (") or detail.count(")=(") != 1 or key_of(detail) is None:
        return None  # English is known by its sentences; an exclusion constraint's DETAIL names two keys
    names = quoted(message)
    outside = quoted(_without_key(detail))
    if len(names) == 1 and not outside:
        return Fault("unique_violation", constraint=names[0])
    if len(names) == 2 and outside:
        return Fault("fk_violation", names[0], names[1])
    if len(names) == 3 and outside:
        # update or delete on a parent: the DETAIL names the referring table, languages order the others as they like
        constraint = [name for name in names if name != outside[0]]
        return Fault("fk_violation", outside[0], constraint[-1]) if constraint else None
    return None


def _without_key(detail: str) -> str:
    start, end = detail.find("("), detail.rfind(")")
    return detail[: max(start, 0)] + " " + detail[end + 1 :] if detail[:start].count('"') % 2 == 0 else ""


def _completed(fault: Fault, detail: str, context: str, statement: str) -> Fault:
    """The fault with what DETAIL, CONTEXT and STATEMENT add."""
    if fault.kind in {"unique_violation", "fk_violation"}:
        key = key_of(detail) if detail else None
        if key is None and context and fault.constraint and fault.kind == "unique_violation":
            key = recovered(fault.constraint, statement, context)
        if key is not None:
            fault.columns, fault.key = key
    if fault.kind == "unique_violation" and fault.table is None:
        fault.table = (table_of(context) if context else None) or (table_of(statement) if statement else None)
    if fault.kind == "deadlock" and detail:
        fault.token = detail[:200]
    return fault


def in_text(text: str) -> Fault | None:
    """The first database error that an application's message states, whatever driver wrote it."""
    start = text.find(_UNIQUE)
    if (
        start != -1
        or "could not serialize" in text
        or "deadlock detected" in text
        or "violates " in text
        or "is aborted, c" in text
    ):
        fault = _postgres_in(text)
        if fault is not None:
            return fault
    for reader in SERVERS:
        fault = reader(text)
        if fault is not None:
            if fault.table is None:
                sql = _SQL.search(text)
                fault.table = table_of(sql[1]) if sql else None
            return fault
    return Fault("deadlock") if _DEADLOCK.search(text) else None


def _postgres_in(text: str) -> Fault | None:
    for words in (
        _UNIQUE,
        "deadlock detected",
        _SERIALIZE,
        "current transaction is aborted",
        "null value in column",
        "insert or update on table",
        "update or delete on table",
    ):
        found = text.find(words)
        if found == -1:
            continue
        line_end = text.find("\n", found)
        message = text[found : line_end if line_end != -1 else len(text)]
        if words == _UNIQUE:
            # Behind the constraint may stand "(SQLSTATE 23505)" or a quote of its own: end at the name's quote.
            close = re.search(r'"(?=[\s),.;:\\\'\]}]|$)', message[len(_UNIQUE) :])
            message = message[: len(_UNIQUE) + close.end()] if close else message
        fault = _english(message)
        if fault is not None:
            return _completed(fault, detail_of(text, found), "", _statement_of(text))
    return None


def detail_of(text: str, start: int = 0) -> str:
    """The DETAIL of an exception's text: to the next label at a line's start, which no value can fake cheaply."""
    match = _DETAIL.search(text, start)
    if match is None:
        node = _NODE_DETAIL.search(text, start)
        return node[1] if node else ""
    end = re.compile(
        r"\n(?:(?:HINT|CONTEXT|STATEMENT|WHERE|LINE \d+|Where|Hint):|\[SQL: |\[parameters: |\(Background on|Traceback \(|\s+at |\n(?:The above|During handling))"  # noqa: E501
    ).search(text, match.end())
    detail = text[match.end() : end.start() if end else len(text)]
    last = detail.rfind(") already exists.")
    return detail[: last + len(") already exists.")] if last != -1 else detail


def sql_table(text: str) -> str | None:
    """The table that an exception's own [SQL: ..] writes to."""
    sql = _SQL.search(text)
    return table_of(sql[1]) if sql else None


def _statement_of(text: str) -> str:
    sql = _SQL.search(text)
    return sql[1] if sql else ""


def of_exception(name: str, message: str) -> Fault | None:
    """The fault of one exception of a traceback: its class (dotted) and its text."""
    last = name.rpartition(".")[2]
    if last in {"AssertionError", "SyntaxError", "ValidationError", "DidNotRaise"}:
        return None
    fault = in_text(message) or (localized_in(message) if "Error" in last or "Violation" in last else None)
    if fault is not None:
        return fault
    if last == "RelatedObjectDoesNotExist":
        match = _NO_RELATED.match(message)
        about = f"{name} {match[1]} {match[2]}" if match else name
        return Fault("missing_profile") if re.search(_PERSON, about.partition("RelatedObject")[0], re.IGNORECASE) else None
    if last == "DoesNotExist":
        return Fault("missing_profile") if _NO_PROFILE.match(message) else None
    if last == "MultipleObjectsReturned":
        match = _SEVERAL.match(message)
        return Fault("multiple_profiles") if match and re.search(_PERSON, match[1], re.IGNORECASE) else None
    if last in {"TransactionManagementError", "InFailedSqlTransaction", "InFailedSQLTransactionError"}:
        broken = last != "TransactionManagementError" or "in the current transaction" in message
        return Fault("aborted_transaction") if broken else None
    if last in {"DeadlockDetected", "DeadlockDetectedError"}:
        return Fault("deadlock")
    return Fault("serialization_failure") if last in {"SerializationFailure", "SerializationError"} else None


def localized_in(message: str) -> Fault | None:
    """A driver repeats the server's words, in the server's language: `FEHLER:  doppelter ..` or the bare sentence."""
    first, _, rest = message.partition("\n")
    first = re.sub(r"^\([\w.]{1,200}\) ", "", first)
    detail = rest.partition(":  ")[2].partition("\n[SQL")[0] if ":  " in rest else ""
    if first.isascii() and not detail:
        return None
    fault = localized(first) or (by_shape(first, detail) if detail else None)
    return _completed(fault, detail, "", _statement_of(message)) if fault else None

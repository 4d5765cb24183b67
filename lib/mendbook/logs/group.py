"""Observations that tell of one event, and when two may: the rules of merging, without the order in which they are
tried.

One incident has at most one observation of each voice; times lie within two seconds; paths, statuses and processes do
not contradict one another.
"""

from __future__ import annotations

from mendbook.logs.observation import APPLICATION, DATABASE, DATABASE_KINDS, PROFILE_KINDS, WEB, Fault, Observation
from mendbook.model import Incident

WITHIN = 2.0
_TIERS = (DATABASE, APPLICATION, WEB)


def link(fault: Fault) -> tuple[object, ...]:
    """What two tiers' reports of one error have in common."""
    return fault.kind, fault.constraint, fault.columns if fault.constraint is None else None, fault.key


class Group:
    __slots__ = ("at", "guess", "handled", "members", "order", "path", "pid", "status", "step", "tiers", "time", "voices")

    def __init__(self, first: Observation, time: float) -> None:
        self.members = [first]
        self.voices = {first.voice}
        self.tiers = {first.tier}
        self.time = time
        self.step = first.moment.step if first.moment else 0.001
        self.at = first.at
        self.path = first.path
        self.status = first.status
        self.pid = first.pid if first.tier != DATABASE else None
        self.handled = first.handled
        self.order = (time, first.source, first.line)
        #: the request that this error was given by time alone; better known records may take it away again
        self.guess: Group | None = None

    def add(self, other: Observation) -> None:
        self.members.append(other)
        self.voices.add(other.voice)
        self.tiers.add(other.tier)
        self.path = self.path or other.path
        if other.status is not None and (self.status is None or other.tier == WEB):
            self.status = other.status
        if self.pid is None and other.tier != DATABASE:
            self.pid = other.pid
        if other.handled is False or (other.status is not None and other.status >= 400):
            self.handled = False
        elif self.handled is None:
            self.handled = other.handled

    def absorb(self, other: Group) -> None:
        """Merge a whole group, one whose own times were unknown."""
        for member in other.members:
            self.add(member)
        if self.handled is None:
            self.handled = other.handled

    def without_guess(self) -> Group:
        """The error as it was before it was given a request by time alone."""
        given = {id(member) for member in self.guess.members} if self.guess is not None else set()
        own = [member for member in self.members if id(member) not in given]
        group = Group(own[0], self.time)
        for member in own[1:]:
            group.add(member)
        return group

    @property
    def fault(self) -> Fault | None:
        """The first database error: of the nearest tier to the database, the earliest told."""
        best = None
        for member in self.members:
            if member.fault is not None and (best is None or _weight(member) < _weight(best)):
                best = member
        return best.fault if best else None

    def fits(self, other: Observation, time: float) -> bool:
        """Whether ``other`` may tell of the same event."""
        if other.voice in self.voices:
            return False
        if abs(time - self.time) > WITHIN + max(self.step if self.step >= 1 else 0, 0):
            return False
        if other.tier == APPLICATION and other.status is None and self._answered(time, other):
            return False
        return self.agrees(other.path, other.status, other.pid if other.tier != DATABASE else None)

    def _answered(self, time: float, other: Observation) -> bool:
        """Whether this request was answered before ``other`` was written; a worker's next words are another
        request's."""
        return any(
            m.tier == APPLICATION and m.status is not None and (m.order, m.line) < (time, other.line) for m in self.members
        )

    def agrees(self, path: str | None, status: int | None, pid: int | None) -> bool:
        if path is not None and self.path is not None and not same_path(path, self.path):
            return False
        if pid is not None and self.pid is not None and pid != self.pid:
            return False
        mine = self.status
        return status is None or mine is None or status == mine or (status >= 500 and mine >= 500)

    def incident(self) -> Incident:
        if len(self.members) == 1 and self.members[0].fault is not None:
            return self._alone(self.members[0], self.members[0].fault)
        members = sorted(self.members, key=_telling)
        first = members[0]
        fault = self.fault or Fault("http_5xx")
        faults = [m.fault for m in members if m.fault is not None and m.fault.kind == fault.kind]
        at = next((m.at for m in members if m.at is not None), None)
        keyed = next((f for f in faults if f.key is not None), None)
        return Incident(
            at=at,
            kind=fault.kind,
            table=next((f.table for f in faults if f.table), None),
            constraint=next((f.constraint for f in faults if f.constraint), None),
            columns=keyed.columns if keyed and keyed.columns else next((f.columns for f in faults if f.columns), ()),
            key=keyed.key if keyed else None,
            handled=self.handled,
            path=self.path,
            status=self.status,
            pid=next((m.pid for m in members if m.pid is not None), None),
            tiers=tuple(tier for tier in _TIERS if tier in self.tiers),
            source=first.source,
            line=first.line,
            sample=first.sample,
            worker=self.pid,
        )

    def _alone(self, one: Observation, fault: Fault) -> Incident:
        return Incident(
            self.at, fault.kind, fault.table, fault.constraint, fault.columns, fault.key, self.handled, self.path,
            self.status, one.pid, (one.tier,), one.source, one.line, one.sample, self.pid,
        )  # fmt: skip


def _telling(member: Observation) -> tuple[int, bool, float, float, int]:
    """Sorts the members by how well they tell: nearest to the database, with an error, with the finer clock."""
    return (
        _TIERS.index(member.tier),
        member.fault is None,
        member.moment.step if member.moment else 9.0,
        member.order,
        member.line,
    )


def _weight(member: Observation) -> tuple[int, int, float, int]:
    kind = member.fault.kind if member.fault else ""
    rank = 0 if kind in DATABASE_KINDS else 1 if kind in PROFILE_KINDS else 2
    # 'transaction is aborted' is an echo of what came before it
    return rank, _TIERS.index(member.tier) + (10 if kind == "aborted_transaction" else 0), member.order, member.line


def same_path(one: str, other: str) -> bool:
    """Equal but for a slash at the end, or for a prefix that a proxy took off."""
    one, other = one.rstrip("/"), other.rstrip("/")
    return one == other or (bool(one) and bool(other) and (one.endswith(other) or other.endswith(one)))


def same_fault(one: Fault, other: Fault) -> bool:
    """Whether two faults may be one: what both name must be equal. MySQL cuts keys at 64 characters."""
    if one.kind != other.kind:
        return False
    if one.constraint is not None and other.constraint is not None and one.constraint != other.constraint:
        return False
    if one.key is not None and other.key is not None and one.key != other.key:
        short, long = sorted((one.key, other.key), key=len)
        return len(short) >= 64 and long.startswith(short)
    if one.token is not None and other.token is not None:
        return one.token[:60] == other.token[:60]
    return True

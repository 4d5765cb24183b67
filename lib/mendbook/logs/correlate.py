"""Observations -> incidents: one for each true event, however many tiers and traceback blocks tell of it.

Observations come roughly in time's order and are solved in stretches, so that memory does not grow. Database errors
open
groups; an application's record joins the error it names; a web server's line, which names none, joins by process,
path and time.
One error takes at most one record of each voice. Where nothing but a registration's 5xx is there, that is the incident.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from mendbook.logs.group import WITHIN, Group, link, same_fault, same_path
from mendbook.logs.observation import APPLICATION, DATABASE, Observation
from mendbook.model import Incident

#: A stretch is solved when it spans this many seconds or holds this many observations; what is younger than SETTLED
#: stays.
SPAN, MOST, SETTLED = 20.0, 4_000, 5.0
#: Incidents held back for records whose own times are unknown.
HELD = 20_000
#: Where a file has no times at all its lines stand for them.
LINES_A_SECOND = 100.0


def time_of(observation: Observation) -> float:
    """Seconds since 1970 in UTC; of a naive time as if it were UTC; of none, lines."""
    moment = observation.moment
    if moment is None:
        return observation.line / LINES_A_SECOND
    if moment.at is not None:
        return moment.at.timestamp()
    wall = moment.wall
    return (
        (wall.toordinal() - 719163) * 86400.0
        + wall.hour * 3600
        + wall.minute * 60
        + wall.second
        + wall.microsecond / 1e6
    )


class Correlator:
    """Takes observations, gives incidents in time's order; those without a time come last."""

    def __init__(self) -> None:
        self.stretches: dict[str, list[tuple[float, Observation]]] = {"": []}
        self.newest: dict[str, float] = {}
        self.timed: list[Group] = []
        self.untimed: list[Group] = []

    def add(self, observation: Observation) -> Iterator[Incident]:
        time = time_of(observation)
        observation.order = time
        lane = "" if observation.at is not None else observation.source
        stretch = self.stretches.setdefault(lane, [])
        newest = self.newest.get(lane, time)
        if stretch and time > newest + SETTLED:
            self._solve(lane, float("inf"))
            stretch = self.stretches[lane]
        elif len(stretch) >= MOST or (stretch and newest - stretch[0][0] > SPAN):
            limit = newest - SETTLED
            stretch.sort(key=_by_time)
            self._solve(lane, limit if stretch[len(stretch) // 2][0] < limit else float("inf"))
            stretch = self.stretches[lane]
        stretch.append((time, observation))
        self.newest[lane] = max(time, self.newest.get(lane, time))
        if len(self.timed) + len(self.untimed) > HELD:
            yield from self._flush(HELD // 2)

    def finish(self) -> Iterator[Incident]:
        for lane in list(self.stretches):
            self._solve(lane, float("inf"))
        yield from self._flush(None)

    def _solve(self, lane: str, limit: float) -> None:
        stretch = self.stretches[lane]
        stretch.sort(key=_by_time)
        groups, used = solve(stretch, limit)
        self.stretches[lane] = (
            []
            if limit == float("inf")
            else [pair for pair in stretch if pair[0] > limit - WITHIN and id(pair[1]) not in used]
        )
        self.newest.pop(lane, None)
        if self.stretches[lane]:
            self.newest[lane] = self.stretches[lane][-1][0]
        (self.untimed if lane else self.timed).extend(groups)

    def _flush(self, keep: int | None) -> Iterator[Incident]:
        if self.untimed:
            self.untimed = match_untimed(self.timed, self.untimed)
        self.timed.sort(key=lambda group: group.order)
        if keep is None:
            going = [*self.timed, *self.untimed]
            self.timed, self.untimed = [], []
        else:
            count = len(self.timed) + len(self.untimed) - keep
            going, self.timed = self.timed[:count], self.timed[count:]
            rest = count - len(going)
            if rest > 0:
                going += self.untimed[:rest]
                self.untimed = self.untimed[rest:]
        for group in going:
            yield group.incident()


def _by_time(pair: tuple[float, Observation]) -> tuple[float, str, int]:
    return pair[0], pair[1].source, pair[1].rank


def solve(stretch: list[tuple[float, Observation]], limit: float) -> tuple[list[Group], set[int]]:
    """The groups of a stretch (sorted by time) that begin no later than ``limit``, and the observations they used."""
    database = [pair for pair in stretch if pair[1].tier == DATABASE]
    others = [pair for pair in stretch if pair[1].tier != DATABASE]
    requests: list[tuple[float, Observation]] = []
    groups: list[Group] = []
    links: dict[tuple[object, ...], list[Group]] = defaultdict(list)
    for time, one in database:
        _join_error(one, time, groups, links, exact=True)
    for time, one in others:
        # in time's order: 'Internal Server Error: /x' ends a request, and a worker's next words are another's
        if one.fault is not None:
            _join_error(one, time, groups, links, exact=False)
        elif not (one.tier == APPLICATION and one.pid is not None and _join_process(one, time, groups)):
            requests.append((time, one))
    if requests:
        groups = _join_requests(requests, groups)
    groups = [group for group in groups if group.time <= limit]
    return groups, {id(member) for group in groups for member in group.members}


def _join_error(
    one: Observation, time: float, groups: list[Group], links: dict[tuple[object, ...], list[Group]], exact: bool
) -> None:
    fault = one.fault
    assert fault is not None
    key = link(fault)
    best: Group | None = None
    for group in reversed(links[key][-64:]):
        if time - group.time > WITHIN + 1:
            break
        if one.redelivered and _second_delivery(one, group):
            return
        if (
            group.fits(one, time)
            and (not exact or _same_process(one, group))
            and (best is None or abs(group.time - time) < abs(best.time - time))
        ):
            best = group
    loose = (fault.kind,)
    if best is None and not exact:
        best = _loose(one, time, links[loose])
    if best is not None:
        best.add(one)
        return
    group = Group(one, time)
    groups.append(group)
    links[key].append(group)
    links[loose].append(group)


def _join_process(one: Observation, time: float, groups: list[Group]) -> bool:
    """Give the end of a request to the last error that its own process told and that has no end yet."""
    best: Group | None = None
    for group in groups[-256:]:
        if group.pid == one.pid and group.status is None and group.time <= time + 0.001 and group.fits(one, time):
            best = group
    if best is not None:
        best.add(one)
    return best is not None


def _loose(one: Observation, time: float, groups: list[Group]) -> Group | None:
    """A report that lacks what the other names (terse logs, drivers that cut keys): nearest in time, nothing against
    it."""
    best: Group | None = None
    for group in reversed(groups[-64:]):
        if time - group.time > WITHIN + 1:
            break
        other = group.fault
        if other is None or one.fault is None or not same_fault(one.fault, other) or not group.fits(one, time):
            continue
        linked = one.fault.constraint is not None and one.fault.constraint == other.constraint
        if DATABASE not in group.tiers and not linked and not (one.pid is not None and one.pid == group.pid):
            continue
        if best is None or abs(group.time - time) < abs(best.time - time):
            best = group
    return best


def _same_process(one: Observation, group: Group) -> bool:
    other = group.members[0]
    return one.pid is None or other.pid is None or one.pid == other.pid


def _second_delivery(one: Observation, group: Group) -> bool:
    return any(
        m.voice == one.voice and m.at == one.at and m.pid == one.pid and m.redelivered and m.source == one.source
        for m in group.members
    )


def _join_requests(requests: list[tuple[float, Observation]], groups: list[Group]) -> list[Group]:
    """Give each request's line to the error behind it; make incidents of registrations' 5xx that have none."""
    left = _join_by(requests, groups, _by_path_or_process)
    failed = [pair for pair in left if pair[1].status is not None and pair[1].status >= 400 and pair[1].registration]
    waiting = sum(1 for group in groups if group.path is None)
    if waiting < len(failed):  # more failures than errors: a 400 alone proves nothing
        failed = [pair for pair in failed if (pair[1].status or 0) >= 500]
    open_groups = [group for group in groups if group.path is None]
    unpaired = {id(pair[1]) for pair in _join_by(failed, open_groups, _by_time_alone)}
    done = {id(pair[1]) for pair in failed} - unpaired
    left = [pair for pair in left if id(pair[1]) not in done]
    made: list[Group] = []
    rest = []
    for time, one in left:
        if one.registration and one.status is not None and one.status >= 500:
            same = next(
                (
                    g
                    for g in reversed(made[-64:])
                    if g.fits(one, time) and g.path and one.path and same_path(g.path, one.path)
                ),
                None,
            )
            if same is not None:
                same.add(one)
            else:
                made.append(Group(one, time))
        else:
            rest.append((time, one))
    _told_by_success(rest, groups)
    return groups + made


def _join_by(
    requests: list[tuple[float, Observation]], groups: list[Group], choose: object
) -> list[tuple[float, Observation]]:
    left = []
    begin = 0
    ordered = sorted(groups, key=lambda group: group.time)
    for time, one in requests:
        while begin < len(ordered) and ordered[begin].time < time - WITHIN - 1:
            begin += 1
        near = []
        for group in ordered[begin : begin + 256]:
            if group.time > time + WITHIN:
                break
            near.append(group)
        best = choose(one, time, near)  # type: ignore[operator]
        if best is None:
            left.append((time, one))
        else:
            best.add(one)
    return left


def _by_path_or_process(one: Observation, time: float, groups: list[Group]) -> Group | None:
    """The group of the same path, else of the same process, else the record beside the line in the same file."""
    best: tuple[tuple[int, float], Group] | None = None
    for group in groups:
        if not group.fits(one, time):
            continue
        path = group.path is not None and one.path is not None and same_path(group.path, one.path)
        process = group.pid is not None and group.pid == one.pid
        beside = group.path is None and any(
            m.source == one.source and m.tier == APPLICATION and 0 <= m.line - one.line <= 3 for m in group.members
        )
        if not (path or process or beside) or (one.tier == APPLICATION and one.status is None):
            continue
        if (one.status or 0) < 400 and not path and not process:
            continue
        step = one.moment.step if one.moment else 0.001
        late = 0.0 if group.time <= time + step else 1.0
        score = (0 if path else 1, late + abs(group.time - time))
        if best is None or score < best[0]:
            best = (score, group)
    return best[1] if best else None


def _by_time_alone(one: Observation, time: float, groups: list[Group]) -> Group | None:
    """The first error of the line's own second that has no request yet, else the last one before it."""
    step = one.moment.step if one.moment else 0.001
    earlier: Group | None = None
    for group in groups:
        if (
            group.path is None
            and group.handled is not True
            and group.fits(one, time)
            and group.time <= time + step + 0.05
        ):
            if group.time >= time - 0.5:
                return group
            earlier = group
    return earlier


def _told_by_success(requests: list[tuple[float, Observation]], groups: list[Group]) -> None:
    """Errors beside registrations that all went well were handled; a single pair is one incident's two ends."""
    waiting = sorted((g for g in groups if g.handled is None and g.tiers == {DATABASE}), key=lambda group: group.time)
    registrations = [(time, one) for time, one in requests if one.registration and one.status is not None]
    begin = 0
    for index, group in enumerate(waiting):
        while begin < len(registrations) and registrations[begin][0] < group.time - 1.0:
            begin += 1
        near = []
        for time, one in registrations[begin : begin + 256]:
            if time > group.time + WITHIN:
                break
            near.append((time, one))
        if not near or any((one.status or 0) >= 400 for _, one in near):
            continue
        group.handled = True
        alone = all(
            abs(waiting[n].time - group.time) > 2 * WITHIN for n in (index - 1, index + 1) if 0 <= n < len(waiting)
        )
        if alone and len(near) == 1 and group.fits(near[0][1], near[0][0]):
            group.add(near[0][1])


def match_untimed(timed: list[Group], untimed: list[Group]) -> list[Group]:
    """Join groups without a known time to timed ones that tell of the same; gives those that stay alone.

    A naive clock may be any whole number of quarter hours off: the shift of a file is the one that most of its
    records agree on.
    """
    index: dict[object, list[Group]] = defaultdict(list)
    for group in timed:
        fault = group.fault
        if fault is not None and (fault.key is not None or fault.constraint is not None):
            index[link(fault)].append(group)
        elif fault is None and group.path:
            index[group.path.rstrip("/")].append(group)
    taken: set[int] = set()
    shifts = _shifts(untimed, index)
    alone = []
    for group in untimed:
        best: tuple[float, Group] | None = None
        shift = shifts.get(group.members[0].source)
        clocked = group.members[0].moment is not None
        for other in _candidates(group, index):
            if id(other) in taken or other.voices & group.voices or not other.agrees(group.path, group.status, None):
                continue
            distance = abs(group.time - other.time - shift * 900) if clocked and shift is not None else 0.0
            if distance <= WITHIN + other.step and (best is None or distance < best[0]):
                best = (distance, other)
        if best is None:
            alone.append(group)
        else:
            taken.add(id(best[1]))
            best[1].absorb(group)
    return alone


def _candidates(group: Group, index: dict[object, list[Group]]) -> list[Group]:
    fault = group.fault
    found = (
        list(index.get(link(fault), ()))
        if fault is not None and (fault.key is not None or fault.constraint is not None)
        else []
    )
    if group.path:
        found += index.get(group.path.rstrip("/"), ())
    return found[:500]


def _shifts(untimed: Iterable[Group], index: dict[object, list[Group]]) -> dict[str, int]:
    votes: dict[str, Counter[int]] = defaultdict(Counter)
    for group in untimed:
        if group.members[0].moment is None:
            continue
        source = group.members[0].source
        if sum(votes[source].values()) > 5_000:
            continue
        seen = set()
        for other in _candidates(group, index):
            difference = group.time - other.time
            shift = round(difference / 900)
            if abs(shift) <= 58 and abs(difference - shift * 900) <= WITHIN + other.step:
                seen.add(shift)
        votes[source].update(seen)
    return {source: counter.most_common(1)[0][0] for source, counter in votes.items() if counter}

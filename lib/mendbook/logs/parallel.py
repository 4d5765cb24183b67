"""Several files in several processes: each merges its own files by time and sends what it found; the parent merges
those.

Pipes hold little, so a fast process waits for a slow one and memory stays flat.
"""

from __future__ import annotations

import heapq
import multiprocessing
import threading
from collections.abc import Iterator
from multiprocessing.connection import Connection

from mendbook.logs.correlate import time_of
from mendbook.logs.feeding import Options, merged
from mendbook.logs.observation import Observation, Summary, joined
from mendbook.logs.sources import Source

BATCH = 500


def observations(sets: list[list[Source]], options: Options, summary: Summary) -> Iterator[Observation]:
    """As `feeding.merged`, with ``options.jobs`` processes. Sets are dealt out by size, the largest first."""
    hands: list[list[list[Source]]] = [[] for _ in range(min(options.jobs, len(sets)))]
    sizes = [0] * len(hands)
    for members in sorted(sets, key=lambda members: -sum(source.size for source in members)):
        least = sizes.index(min(sizes))
        hands[least].append(members)
        sizes[least] += sum(source.size for source in members) + 1
    context = multiprocessing.get_context("fork")
    processes, streams = [], []
    for number, hand in enumerate(hands):
        mine, theirs = context.Pipe(duplex=False)
        process = context.Process(target=_work, args=(hand, options, theirs), daemon=True)
        process.start()
        theirs.close()
        processes.append(process)
        streams.append(_received(mine, number, summary))
    try:
        for _, _, observation in heapq.merge(*streams, key=lambda triple: triple[:2]):
            yield observation
    finally:
        for process in processes:
            process.join(timeout=0.1)
            if process.is_alive():
                process.terminate()


def can_fork() -> bool:
    """A fork is quick and safe while there is one thread; a notebook has several and reads its files in turn."""
    return threading.active_count() == 1 and "fork" in multiprocessing.get_all_start_methods()


def _work(sets: list[list[Source]], options: Options, pipe: Connection) -> None:

    summary = Summary()
    batch: list[Observation] = []
    try:
        for observation in merged(sets, options, summary):
            batch.append(observation)
            if len(batch) >= BATCH:
                pipe.send(batch)
                batch = []
        pipe.send(batch)
        pipe.send(summary)
    except BrokenPipeError:
        pass  # the parent wants no more
    finally:
        pipe.close()


def _received(pipe: Connection, number: int, summary: Summary) -> Iterator[tuple[float, int, Observation]]:
    latest = 0.0
    try:
        while True:
            sent = pipe.recv()
            if isinstance(sent, Summary):
                joined(summary, sent)
                return
            for observation in sent:
                latest = max(latest, time_of(observation))
                yield latest, number, observation
    except EOFError:
        summary.caps.append("a reading process ended early: its files are not whole")

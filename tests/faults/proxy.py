"""A TCP proxy in front of PostgreSQL that loses connections where it is told to: around COMMIT, or after so many bytes.

It reads the protocol only as far as it must to see a message begin; it knows nothing of mendbook.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from dataclasses import dataclass, field

#: Where a connection is cut, as seen from the client's COMMIT.
BEFORE, HALF, SENT, AFTER, BYTES = "before", "half", "sent", "after", "bytes"
PLACES = (BEFORE, HALF, SENT, AFTER, BYTES)


@dataclass
class Cuts:
    """Which connections are to be cut: at each of the ``at``-th COMMITs (or so many bytes), at most ``most`` times."""

    place: str
    at: int
    most: int = 1
    done: int = 0
    seen: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def commit(self) -> bool:
        """A COMMIT came by: whether the connection is to be cut here."""
        with self.lock:
            if self.place == BYTES or self.done >= self.most:
                return False
            self.seen += 1
            if self.seen < self.at:
                return False
            self.seen, self.done = 0, self.done + 1
            return True

    def passed(self, count: int) -> bool:
        with self.lock:
            if self.place != BYTES or self.done >= self.most:
                return False
            self.seen += count
            if self.seen < self.at:
                return False
            self.seen, self.done = 0, self.done + 1
            return True


class Proxy:
    """Listens on a port of 127.0.0.1 and passes on to another; ``cuts`` says what goes wrong, if anything."""

    def __init__(self, target: tuple[str, int]) -> None:
        self._target = target
        self.cuts: Cuts | None = None
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listening.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(self._target)
            except OSError:
                client.close()
                continue
            for end in (client, server):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            pair = _Pair(client, server, self)
            threading.Thread(target=pair.up, daemon=True).start()
            threading.Thread(target=pair.down, daemon=True).start()


class _Pair:
    """One connection: ``up`` carries the client's messages, ``down`` the server's answers."""

    def __init__(self, client: socket.socket, server: socket.socket, proxy: Proxy) -> None:
        self._client, self._server, self._proxy = client, server, proxy
        self._last_answer = False

    def _cut(self) -> None:
        """Reset both ends, as a router that forgets a connection does."""
        for end in (self._client, self._server):
            with contextlib.suppress(OSError):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                end.shutdown(socket.SHUT_RDWR)
            with contextlib.suppress(OSError):
                end.close()

    def up(self) -> None:
        while data := _received(self._client):
            cuts = self._proxy.cuts
            if cuts and cuts.passed(len(data)):
                break
            if cuts and data.endswith(b"COMMIT\0") and cuts.commit():
                if cuts.place == BEFORE:
                    break
                self._last_answer = cuts.place == AFTER
                if not _sent(self._server, data if cuts.place != HALF else data[: len(data) // 2]):
                    break
                if cuts.place == AFTER:
                    continue  # the answer is awaited, and lost
                break
            if not _sent(self._server, data):
                break
        self._cut()

    def down(self) -> None:
        while data := _received(self._server):
            cuts = self._proxy.cuts
            if self._last_answer or (cuts and cuts.passed(len(data))) or not _sent(self._client, data):
                break
        self._cut()


def _received(end: socket.socket) -> bytes:
    try:
        return end.recv(1 << 16)
    except OSError:
        return b""


def _sent(end: socket.socket, data: bytes) -> bool:
    try:
        end.sendall(data)
    except OSError:
        return False
    return True

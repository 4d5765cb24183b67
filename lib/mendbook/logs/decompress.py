"""Bytes out of a file, whatever it was packed with: .gz (many members), .zst, .bz2, .xz or nothing; told by its first
bytes.

Gives blocks of bytes, never a whole file. A bomb is stopped by bytes and by ratio, a file that ends too early gives
what it has; both are told, never raised.
"""

from __future__ import annotations

import bz2
import codecs
import lzma
import zlib
from collections.abc import Callable, Iterator
from typing import BinaryIO, Protocol, cast

MAGIC = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd", b"BZh": "bzip2", b"\xfd7zXZ\x00": "xz"}
#: A real log seldom packs better than 1:60; a bomb reaches 1:1000. Asked only once this much has come out.
RATIO = 400
RATIO_FROM = 64 << 20
STEP = 1 << 18


class Unpacker(Protocol):
    eof: bool
    unused_data: bytes

    def decompress(self, data: bytes, max_length: int) -> bytes: ...


class _Gzip:
    """zlib's decompressobj with the manner of bz2's: what was not taken in is kept."""

    def __init__(self) -> None:
        self._zlib = zlib.decompressobj(31)

    @property
    def eof(self) -> bool:
        return self._zlib.eof

    @property
    def unused_data(self) -> bytes:
        return self._zlib.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        return self._zlib.decompress(self._zlib.unconsumed_tail + data, max_length)


def blocks(file: BinaryIO, size: int, max_bytes: int, told: Callable[[str], None]) -> Iterator[bytes]:
    """Blocks of at most about ``size`` bytes, unpacked; ``told`` hears of caps and damage."""
    head = file.read(size)
    kind = next((name for magic, name in MAGIC.items() if head.startswith(magic)), None)
    given = 0
    for block in _text(_raw(file, head, size) if kind is None else _packed(file, head, kind, size, told)):
        if given + len(block) > max_bytes:
            yield block[: max_bytes - given]
            told(f"stopped after {max_bytes} bytes")
            return
        given += len(block)
        yield block


def _raw(file: BinaryIO, head: bytes, size: int) -> Iterator[bytes]:
    while head:
        yield head
        head = file.read(size)


def _packed(file: BinaryIO, head: bytes, kind: str, size: int, told: Callable[[str], None]) -> Iterator[bytes]:
    if kind == "zstd":
        yield from _zstd(file, head, size, told)
        return
    make: Callable[[], Unpacker] = {"gzip": _Gzip, "bzip2": bz2.BZ2Decompressor, "xz": lzma.LZMADecompressor}[kind]  # type: ignore[assignment]
    unpacker = make()
    taken = given = 0
    data = head
    try:
        while True:
            taken += len(data)
            while True:
                out = unpacker.decompress(data, size)
                data = b""
                given += len(out)
                if out:
                    yield out
                if given > RATIO_FROM and given > RATIO * taken:
                    told(f"stopped: {kind} unpacks more than {RATIO} to 1")
                    return
                if unpacker.eof:
                    rest = unpacker.unused_data.lstrip(b"\0")
                    if not rest:
                        break
                    unpacker, data = make(), rest
                elif not out:
                    break
            data = file.read(STEP)
            if not data:
                break
            if unpacker.eof:
                unpacker = make()
        if not unpacker.eof:
            told(f"{kind} ends too early")
    except (OSError, zlib.error, lzma.LZMAError, ValueError, EOFError) as error:
        told(f"{kind} is damaged: {error}")


def _zstd(file: BinaryIO, head: bytes, size: int, told: Callable[[str], None]) -> Iterator[bytes]:
    import zstandard  # only where a file needs it

    class Joined:
        """The file with its head put back."""

        def __init__(self) -> None:
            self.head = head
            self.taken = 0

        def read(self, wanted: int = -1) -> bytes:
            data = self.head[:wanted] if self.head else file.read(wanted)
            self.head = self.head[wanted:] if self.head else b""
            self.taken += len(data)
            return data

    source = Joined()
    given = 0
    try:
        reader = zstandard.ZstdDecompressor(max_window_size=1 << 27).stream_reader(
            cast(BinaryIO, source), read_across_frames=True
        )
        while out := reader.read(size):
            given += len(out)
            yield out
            if given > RATIO_FROM and given > RATIO * source.taken:
                told(f"stopped: zstd unpacks more than {RATIO} to 1")
                return
    except zstandard.ZstdError as error:
        told(f"zstd is damaged: {error}")


def _text(raw: Iterator[bytes]) -> Iterator[bytes]:
    """UTF-16 with its mark becomes UTF-8, a UTF-8 mark goes."""
    first = next(raw, b"")
    if first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        decoder = codecs.getincrementaldecoder("utf-16")("replace")
        yield decoder.decode(first).encode("utf-8", "surrogatepass")
        for block in raw:
            yield decoder.decode(block).encode("utf-8", "surrogatepass")
        return
    yield first.removeprefix(codecs.BOM_UTF8)
    yield from raw

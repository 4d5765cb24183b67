"""Reads a file that somebody else may have put in its place: a plain file or nothing.

A pipe would be waited for and a device read without end, so whoever may write a plan's folder could hold up every apply.
Nothing here writes, or looks at what the bytes mean.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path


def contents(path: Path) -> bytes:
    """The bytes of the file at ``path``, by way of links too; OSError where it cannot be read, or is no plain file."""
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # without waiting for somebody to fill a pipe
    mode = os.fstat(handle).st_mode
    if not stat.S_ISREG(mode):
        os.close(handle)
        code = errno.EISDIR if stat.S_ISDIR(mode) else errno.EINVAL
        raise OSError(code, os.strerror(code) if code == errno.EISDIR else "Not a plain file")
    with os.fdopen(handle, "rb") as file:
        return file.read()

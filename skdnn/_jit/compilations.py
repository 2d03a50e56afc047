"""What this process has compiled, and a word to who waits for it."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from threading import Timer
from typing import NamedTuple

#: A compilation that takes longer says what it is.
NOTICE_SECONDS = 2.0

NOTICE = (
    "skdnn is compiling its kernels, which takes some seconds. It keeps them on disk: this happens "
    "once on a machine, for float32 and for float64, with and without encoded columns, and for "
    "networks with a normalization. "
    "skdnn.warmup() does it ahead."
)


class Compilation(NamedTuple):
    """An entry that was compiled, not read from the cache."""

    entry: str
    seconds: float


#: All compilations of this process, in their order.
compilations: list[Compilation] = []

_expected = False


@contextmanager
def expected_compilations() -> Iterator[None]:
    """Compile without a notice: somebody has asked for it."""
    global _expected
    before, _expected = _expected, True
    try:
        yield
    finally:
        _expected = before


@contextmanager
def compilation(entry: str) -> Iterator[None]:
    """Take note of what the block compiles; tell who waits, if it takes long."""
    # A thread of its own waits: the one that compiles holds Numba's lock.
    timer = Timer(NOTICE_SECONDS, lambda: _expected or _notify())
    timer.daemon = True
    start = time.perf_counter()
    with suppress(RuntimeError):  # where no thread can be started, nothing is said
        timer.start()
    try:
        yield
    finally:
        timer.cancel()
    compilations.append(Compilation(entry, time.perf_counter() - start))


@cache
def _notify() -> None:
    """Once in a process; a warning is what logging shows without being told so."""
    logging.getLogger("skdnn").warning(NOTICE)

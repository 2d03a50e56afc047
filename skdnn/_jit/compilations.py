"""Record of the compilations of this process, and a notice if they take long."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from threading import Timer
from typing import NamedTuple

#: A notice is logged for compilations that take longer.
NOTICE_SECONDS = 2.0

NOTICE = (
    "skdnn is compiling its kernels, which takes some seconds. They are stored on disk: this "
    "happens once on a machine, for float32 and for float64, with and without encoded columns, and "
    "for networks with a normalization. skdnn.warmup() compiles ahead."
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
    """Compile without a notice, because the compilation was requested."""
    global _expected
    before, _expected = _expected, True
    try:
        yield
    finally:
        _expected = before


@contextmanager
def compilation(entry: str) -> Iterator[None]:
    """Record the compilation in the block; log a notice if it takes long."""
    # By a timer thread: the compiling thread is busy, and others wait for Numba's lock.
    timer = Timer(NOTICE_SECONDS, lambda: _expected or _notify())
    timer.daemon = True
    start = time.perf_counter()
    with suppress(RuntimeError):  # no notice if no thread can be started
        timer.start()
    try:
        yield
    finally:
        timer.cancel()
    compilations.append(Compilation(entry, time.perf_counter() - start))


@cache
def _notify() -> None:
    """Log the notice once per process; by default, logging shows only warnings."""
    logging.getLogger("skdnn").warning(NOTICE)

"""Record of the compilations of this process, and what is said of those that take long."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from threading import Timer
from typing import NamedTuple

#: Of compilations that take longer, a progress line is logged, after a notice for the first.
NOTICE_SECONDS = 1.0

#: Functions that a fit needs: training, prediction, and the loss of held-out rows.
ENTRIES_OF_A_FIT = 3

NOTICE = (
    "skdnn is compiling its kernels, which takes some seconds. They are stored on disk: this "
    "happens once on a machine, for float32 and for float64, with and without encoded columns, "
    "for rarer activations, losses and solvers, and for networks with a normalization. "
    "skdnn.warmup() compiles ahead."
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
    """Record the compilation in the block; log a progress line if it takes long."""
    # By a timer thread: the compiling thread is busy, and others wait for Numba's lock.
    timer = Timer(NOTICE_SECONDS, _report, (entry,))
    timer.daemon = True
    start = time.perf_counter()
    with suppress(RuntimeError):  # no notice if no thread can be started
        timer.start()
    try:
        yield
    finally:
        timer.cancel()
    compilations.append(Compilation(entry, time.perf_counter() - start))


def _report(entry: str) -> None:
    """Log a warning: these are shown by default."""
    if _expected:
        return
    _notify()
    # Functions of another dtype, for example, come in threes again.
    number = len(compilations) % ENTRIES_OF_A_FIT + 1
    logging.getLogger("skdnn").warning(
        "Compiling %s, function %d of at most %d.", entry, number, ENTRIES_OF_A_FIT
    )


@cache
def _notify() -> None:
    """Log the notice once per process."""
    logging.getLogger("skdnn").warning(NOTICE)

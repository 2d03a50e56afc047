"""Pauses of the garbage collector."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def no_garbage_collection() -> Iterator[None]:
    """Disable the garbage collector while many long-lived objects are created.

    Must be used under a lock (Numba's compiler lock or an import lock), since the setting is
    global.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            if not gc.get_freeze_count():
                # Move all objects to the oldest generation; otherwise the next collection of the
                # youngest one would visit them all.
                gc.freeze()
                gc.unfreeze()
            gc.enable()

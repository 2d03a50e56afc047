"""When the garbage collector has nothing to find."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def no_garbage_collection() -> Iterator[None]:
    """Switch the collector off where masses of objects are made that live on.

    To be used under a lock, so that threads do not undo each other's: Numba's, or that of an
    import.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            if not gc.get_freeze_count():
                # All objects are old ones now; the next look at the young ones would else be as
                # long as all those that were left out.
                gc.freeze()
                gc.unfreeze()
            gc.enable()

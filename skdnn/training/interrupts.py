"""Ctrl-C between the lines."""

from __future__ import annotations

from collections.abc import Callable


def finish_despite_interrupt(write: Callable[[], None]) -> None:
    """Let what belongs together change together: a Ctrl-C is raised when ``write`` is done.

    ``write`` must be a function that does the same when it is begun again. (To hold the signal
    back costs as much as a small epoch.)
    """
    interrupt = None
    while True:
        try:
            write()
            break
        except KeyboardInterrupt as error:
            interrupt = error
    if interrupt is not None:
        raise interrupt

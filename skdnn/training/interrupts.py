"""Updates that Ctrl-C does not leave half done."""

from __future__ import annotations

from collections.abc import Callable


def finish_despite_interrupt(write: Callable[[], None]) -> None:
    """Call ``write`` to its end, and raise ``KeyboardInterrupt`` afterwards if Ctrl-C was pressed.

    ``write`` must be idempotent: it is called again after an interrupt. (Blocking the signal takes
    as long as a small epoch.)
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

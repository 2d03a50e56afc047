"""Warnings that are attributed to the line of the user's code."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

import joblib
import sklearn

#: Other packages whose frames may be between the user's call and a warning.
_OTHERS = sklearn, joblib
_INNER = (str(Path(__file__).parent), *(str(Path(m.__file__).parent) for m in _OTHERS))

#: Where warnings go instead, see ``collected``.
_list: ContextVar[list[tuple[str, type[Warning]]] | None] = ContextVar("warnings", default=None)


@contextmanager
def collected() -> Iterator[list[tuple[str, type[Warning]]]]:
    """Context manager in which ``warn`` fills a list of messages and categories instead.

    Unlike ``warnings.catch_warnings`` it changes nothing for other threads.
    """
    found: list[tuple[str, type[Warning]]] = []
    token = _list.set(found)
    try:
        yield found
    finally:
        _list.reset(token)


def warn(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn with the stack level of the first caller outside the package.

    Parameters
    ----------
    message : str
    category : type of Warning, default=UserWarning
    """
    found = _list.get()
    if found is not None:
        found.append((message, category))
        return
    level, frame = 1, sys._getframe()
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_INNER):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)

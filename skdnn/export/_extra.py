"""Packages that are needed for the export only."""

from __future__ import annotations

from importlib import import_module
from typing import Any


def required(module: str) -> Any:
    """Import a module of the extra ``export``.

    Raises
    ------
    ImportError
        With the command that installs it.
    """
    try:
        return import_module(module)
    except ImportError as error:
        name = module.split(".")[0]
        raise ImportError(f'{name} is missing: pip install "skdnn[export]"') from error

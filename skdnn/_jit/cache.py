"""The disk cache of compiled entries: absent, full or damaged, it is no reason to fail."""

from __future__ import annotations

import warnings
from functools import lru_cache
from typing import Any

from numba.core.caching import FunctionCache
from numba.core.runtime import rtsys


class GuardedCache(FunctionCache):
    """A cache whose troubles are told in one sentence, once."""

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        try:
            # Numba's own method fills the registries of all that can be compiled, which takes a
            # tenth of a second; machine code needs the symbols of the run-time system.
            rtsys.initialize(target_context)
            with self._guard_against_spurious_io_errors():
                return self._load_overload(sig, target_context)
        except Exception as error:
            warn_once(
                f"skdnn cannot read its compiled kernels in {self.cache_path} "
                f"({type(error).__name__}: {error}) and compiles them anew; if this comes again, "
                "delete that directory."
            )
        try:
            self.flush()
        except Exception:
            self.disable()
        return None

    def save_overload(self, sig: Any, data: Any) -> None:
        try:
            super().save_overload(sig, data)
        except Exception as error:
            warn_once(
                f"skdnn cannot keep its compiled kernels in {self.cache_path} "
                f"({type(error).__name__}: {error}) and will compile them again in every process; "
                "make room there, or set the environment variable NUMBA_CACHE_DIR to another "
                "directory."
            )


def enable_cache(dispatcher: Any) -> None:
    """Let the specialisations of a compiled function be kept on disk."""
    try:
        dispatcher._cache = GuardedCache(dispatcher.py_func)
    except RuntimeError:
        warn_once(
            "skdnn found no writable directory for its compiled kernels and will compile them "
            "again in every process; set the environment variable NUMBA_CACHE_DIR to a writable "
            "directory."
        )


@lru_cache
def warn_once(message: str) -> None:
    warnings.warn(message, RuntimeWarning, stacklevel=5)

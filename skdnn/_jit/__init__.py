"""Interface to Numba: decorators, compiler flags, disk cache, vector code.

If Numba lacks internals that ``internals.py`` uses, its standard pipeline compiles and its own disk
cache stores the code. This takes longer, to compile and to load. Results agree up to rounding:
the last bits may differ from those of ``internals.py``, and between the process that compiles and
those that read the cache.

Three decisions, each measured (``docs/design.md``, section 3):

* kernels release the GIL, so that Python threads run them in parallel;
* functions are never passed as arguments, so that the disk cache hits in a new process;
* matrix products are our own (``simd.py``): twice as fast as BLAS here, and the result of a row
  does not depend on the other rows.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache, update_wrapper
from inspect import getfile, signature
from pathlib import Path
from typing import Any

import numba
import numpy as np
from numba import config, njit, typeof, types
from numba.extending import overload

from skdnn._jit.atomic import atomic_add, atomic_load, offer_core, pause
from skdnn._jit.bits import power_of_two, random_bits
from skdnn._jit.rows import bucket_rows, gather_rows
from skdnn._jit.simd import TILE_ROWS, TILE_VECTORS, VECTOR_BYTES, tile, transpose_tile
from skdnn._jit.subnormals import without_subnormals
from skdnn._jit.views import part, prefetch

__all__ = [
    "JIT_DISABLED",
    "TILE_ROWS",
    "TILE_VECTORS",
    "VECTOR_BYTES",
    "atomic_add",
    "atomic_load",
    "bucket_rows",
    "by_dtype",
    "entry",
    "gather_rows",
    "kernel",
    "offer_core",
    "part",
    "pause",
    "power_of_two",
    "prefetch",
    "random_bits",
    "resolved",
    "sum_kernel",
    "tile",
    "transpose_tile",
]

#: Reviewed flags. No ``nnan`` and no ``ninf``: a diverging loss must stay visible. No ``reassoc``:
#: the range reductions of ``kernels/elementary.py`` rely on the order of their operations, and a
#: value must not depend on whether it fell into a vector or into the rest of a loop.
FASTMATH = frozenset({"contract", "nsz"})

#: Sums may be reordered, otherwise they do not vectorize.
FASTMATH_SUM = FASTMATH | {"reassoc"}

_OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy"}

try:
    from skdnn._jit.internals import ENTRY_OPTIONS, INNER_OPTIONS, enable_cache
except (AttributeError, ImportError, TypeError) as error:
    logging.getLogger("skdnn").debug(
        "Numba %s lacks internals that skdnn uses (%s: %s). Its standard pipeline compiles the "
        "kernels instead, which takes longer.",
        numba.__version__, type(error).__name__, error,
    )  # fmt: skip
    ENTRY_OPTIONS = INNER_OPTIONS = {}

    def enable_cache(dispatcher: Any) -> None:
        with suppress(RuntimeError):  # no directory can be written to
            dispatcher.enable_caching()


_INNER = {**_OPTIONS, **INNER_OPTIONS}

JIT_DISABLED = bool(config.DISABLE_JIT)


def kernel(function: Callable) -> Callable:
    """Compile a function that other kernels call."""
    return njit(fastmath=set(FASTMATH), **_INNER)(function)


def sum_kernel(function: Callable) -> Callable:
    """Compile a function whose sums may be reordered."""
    return njit(fastmath=set(FASTMATH_SUM), **_INNER)(function)


def entry(function: Callable) -> Callable:
    """Compile a function that Python calls, and store the machine code on disk.

    It computes without subnormal numbers; the state of the caller's floating-point unit is restored
    when it returns.

    The digest of all kernel files is part of the entry's qualified name, and therefore of the name
    of the cache file: no outdated code is run after an edit or an upgrade.
    """
    entered = _entered(function)
    entered.__qualname__ = f"{function.__qualname__}_{_source_digest()}"
    compiled = njit(fastmath=set(FASTMATH), **_OPTIONS, **ENTRY_OPTIONS)(entered)
    if not JIT_DISABLED:
        enable_cache(compiled)
    return compiled


def resolved(compiled: Any, arguments: tuple) -> Callable:
    """Machine code of an entry, for arguments of the types of these.

    Numba looks at the types of all arguments in each call, which takes longer than a prediction of
    a row with a small network.
    """
    return compiled if JIT_DISABLED else compiled.compile(tuple(map(typeof, arguments)))


def _entered(function: Callable) -> Callable:
    """A function with the same parameters that calls the kernel ``function``.

    It is written here, as text: with ``*arguments`` Numba would look at them again in each call.
    """
    name, names = function.__name__, ", ".join(signature(function).parameters)
    text = f"def {name}({names}):\n    return without_subnormals(kernel, ({names},))"
    namespace: dict[str, Any] = {
        "kernel": kernel(function), "without_subnormals": without_subnormals,
    }  # fmt: skip
    # Numba looks for the directory of its cache beside the file.
    exec(compile(text, getfile(function), "exec"), namespace)
    return update_wrapper(namespace[name], function)


@lru_cache(maxsize=1)
def _source_digest() -> str:
    package = Path(__file__).parents[1]
    digest = hashlib.sha256(repr((VECTOR_BYTES, TILE_ROWS, TILE_VECTORS)).encode())
    sources = [*(package / "_jit").glob("*.py"), *(package / "kernels").glob("*.py")]
    for path in sorted([package / "_dtypes.py", *sources]):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def by_dtype(float32: Callable, float64: Callable) -> Callable:
    """A scalar function that is ``float32`` for float32 arguments and ``float64`` for others."""

    def chosen(x):
        return float32(x) if isinstance(x, np.float32) else float64(x)

    @overload(chosen, jit_options=_INNER)
    def _chosen(x):
        if x == types.float32:
            return lambda x: float32(x)
        return lambda x: float64(x)

    return chosen

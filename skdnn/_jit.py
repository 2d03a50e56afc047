"""The one place that touches Numba: decorators, compiler flags, disk cache, BLAS.

Three decisions live here, each measured (``docs/design.md``, section 2):

* kernels are serial and release the GIL; parallelism is made of Python threads around them;
* functions are never passed as arguments, so that the disk cache hits in a new process;
* BLAS is SciPy's own ``cython_blas``, reached by a symbol name, so that compiled code that calls
  it can be cached although the address changes in every process.
"""

from __future__ import annotations

import hashlib
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from llvmlite import binding, ir
from numba import config, njit, types
from numba.core import cgutils
from numba.extending import get_cython_function_address, intrinsic, overload
from threadpoolctl import ThreadpoolController

#: Reviewed flags. No ``nnan`` and no ``ninf``: a diverging loss must stay visible. No ``reassoc``:
#: the range reductions of ``kernels/elementary.py`` rely on the order of their operations, and a
#: value must not depend on whether it fell into a vector or into the rest of a loop.
FASTMATH = frozenset({"contract", "nsz"})

#: Sums may be reordered, otherwise they do not vectorise.
FASTMATH_SUM = FASTMATH | {"reassoc"}

# Nothing but compiled code calls the inner kernels: without wrappers for callers from Python and C
# the first compilation takes a third less.
_INNER = {
    "nogil": True,
    "error_model": "numpy",
    "no_cpython_wrapper": True,
    "no_cfunc_wrapper": True,
}

JIT_DISABLED = bool(config.DISABLE_JIT)


def kernel(function: Callable) -> Callable:
    """Compile a function that other kernels call."""
    return njit(fastmath=set(FASTMATH), **_INNER)(function)


def inlined(function: Callable) -> Callable:
    """Like ``kernel`` for functions that walk over others and have one or two callers.

    LLVM optimises every function anew at each level of calls; without the upper levels the first
    compilation takes a third less.
    """
    return njit(fastmath=set(FASTMATH), inline="always", **_INNER)(function)


def sum_kernel(function: Callable) -> Callable:
    """Compile a function whose sums may be reordered."""
    return njit(fastmath=set(FASTMATH_SUM), **_INNER)(function)


def entry(function: Callable) -> Callable:
    """Compile a function that Python calls, and keep the machine code on disk.

    Numba notices a change of the entry's own file only. The digest of every kernel file is
    therefore part of the entry's qualified name, and with it of the cache's file name: after an
    edit or an upgrade no old code is run.
    """
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy", "fastmath": set(FASTMATH)}
    function.__qualname__ = f"{function.__qualname__}_{_source_digest()}"
    try:
        return njit(cache=True, **options)(function)
    except RuntimeError:
        _warn_no_cache()
        return njit(**options)(function)


@lru_cache(maxsize=1)
def _source_digest() -> str:
    here = Path(__file__)
    digest = hashlib.sha256()
    for path in [here, *sorted((here.parent / "kernels").glob("*.py"))]:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


@lru_cache(maxsize=1)
def _warn_no_cache() -> None:
    warnings.warn(
        "skdnn found no writable directory for its compiled kernels and will compile them again "
        "in every process; set the environment variable NUMBA_CACHE_DIR to a writable directory.",
        RuntimeWarning,
        stacklevel=4,
    )


def by_dtype(float32: Callable, float64: Callable) -> Callable:
    """A scalar function that is ``float32`` for float32 arguments and ``float64`` for others."""

    def chosen(x):
        return float32(x) if isinstance(x, np.float32) else float64(x)

    @overload(chosen)
    def _chosen(x):
        if x == types.float32:
            return lambda x: float32(x)
        return lambda x: float64(x)

    return chosen


# --------------------------------------------------------------------------------------
# BLAS
# --------------------------------------------------------------------------------------

N, T = ord("N"), ord("T")
_SYMBOLS = {types.float32: "skdnn_sgemm", types.float64: "skdnn_dgemm"}

for _name in ("sgemm", "dgemm"):
    _address = get_cython_function_address("scipy.linalg.cython_blas", _name)
    binding.add_symbol(f"skdnn_{_name}", _address)


def _gemm_python(trans_a, trans_b, m, n, k, a, lda, b, ldb, beta, c, ldc):
    """What ``gemm`` computes, for runs without compilation."""
    op_a = a.reshape(-1, lda).T if trans_a == N else a.reshape(-1, lda)
    op_b = b.reshape(-1, ldb).T if trans_b == N else b.reshape(-1, ldb)
    out = c.reshape(-1, ldc).T[:m, :n]
    out[...] = op_a[:m, :k] @ op_b[:k, :n] + (beta * out if beta else 0)


@intrinsic
def _gemm_intrinsic(typingctx, trans_a, trans_b, m, n, k, a, lda, b, ldb, beta, c, ldc):
    real = c.dtype
    int64 = types.int64
    signature = types.void(
        int64, int64, int64, int64, int64, a, int64, b, int64, real, c, int64
    )  # fmt: skip

    def codegen(context, builder, sig, args):
        trans_a, trans_b, m, n, k, a, lda, b, ldb, beta, c, ldc = args
        char, integer, scalar = ir.IntType(8), ir.IntType(32), context.get_value_type(real)

        def reference(value, llvm_type):
            pointer = cgutils.alloca_once(builder, llvm_type)
            builder.store(value, pointer)
            return pointer

        def flag(value):
            return reference(builder.trunc(value, char), char)

        def size(value):
            return reference(builder.trunc(value, integer), integer)

        def data(value, array_type):
            return context.make_array(array_type)(context, builder, value).data

        pointers = [flag(trans_a), flag(trans_b), size(m), size(n), size(k)]
        pointers += [reference(ir.Constant(scalar, 1.0), scalar), data(a, sig.args[5]), size(lda)]
        pointers += [data(b, sig.args[7]), size(ldb), reference(beta, scalar)]
        pointers += [data(c, sig.args[10]), size(ldc)]
        function_type = ir.FunctionType(ir.VoidType(), [p.type for p in pointers])
        function = cgutils.get_or_insert_function(builder.module, function_type, _SYMBOLS[real])
        builder.call(function, pointers)
        return context.get_dummy_value()

    return signature, codegen


#: ``gemm(trans_a, trans_b, m, n, k, a, lda, b, ldb, beta, c, ldc)``: BLAS's
#: ``C <- op(A) op(B) + beta C`` on column-major data; A, B, C are contiguous NumPy arrays.
gemm = _gemm_python if JIT_DISABLED else _gemm_intrinsic


def _exponent_bits_python(exponent):
    return np.uint32((int(exponent) + 127) << 23).view(np.float32)


@intrinsic
def _exponent_bits_intrinsic(typingctx, exponent):
    def codegen(context, builder, sig, args):
        integer = ir.IntType(32)
        biased = builder.add(args[0], ir.Constant(integer, 127))
        shifted = builder.shl(biased, ir.Constant(integer, 23))
        return builder.bitcast(shifted, ir.FloatType())

    return types.float32(types.int32), codegen


#: ``power_of_two(n)``: float32 2**n from an int32 between -126 and 127.
power_of_two = _exponent_bits_python if JIT_DISABLED else _exponent_bits_intrinsic


class _SingleBlasThread:
    """Holds BLAS at one thread while anybody is inside, and restores it after the last.

    ``threadpool_limits`` alone restores what it found: with two overlapping users, the second
    would put back the limit of the first for ever. Hence the count.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._limiter: Any = None

    @staticmethod
    @lru_cache(maxsize=1)
    def _controller() -> Any:
        # Scanning the loaded libraries takes 2.5 ms, a limit 40 us: scan once.
        return ThreadpoolController().select(user_api="blas")

    @contextmanager
    def __call__(self) -> Iterator[None]:
        with self._lock:
            if self._users == 0:
                self._limiter = self._controller().limit(limits=1)
            self._users += 1
        try:
            yield
        finally:
            with self._lock:
                self._users -= 1
                if self._users == 0:
                    self._limiter.restore_original_limits()


#: Context manager around every call of compiled code. One thread is also what makes results
#: independent of the number of cores: BLAS adds in another order on two threads.
single_blas_thread = _SingleBlasThread()

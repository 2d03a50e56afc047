"""The matrix product: against NumPy for every shape of tile, and its promise about rows."""

import numpy as np
import pytest
from mlp import mlp_regressor
from numba import config, njit

from skdnn._jit import TILE_ROWS, TILE_VECTORS, VECTOR_BYTES
from skdnn.kernels import matmul as module
from skdnn.kernels.matmul import matmul, transpose

DTYPES = [np.float32, np.float64]
NAN = np.nan


def product(compiled, a, b, init=None, *, transposed=False):
    """``init + op(A) B`` into a matrix of NaN; what follows it must stay NaN."""
    m, k = a.shape[::-1] if transposed else a.shape
    n = b.shape[1]
    strides = (np.int64(1), m) if transposed else (k, np.int64(1))
    out = np.full((m + 2) * n, NAN, a.dtype)
    init = np.empty(0, a.dtype) if init is None else init
    compiled(matmul)(m, n, k, a.reshape(-1), *strides, b.reshape(-1), n, init, out)
    assert np.isnan(out[m * n :]).all()
    return out[: m * n].reshape(m, n)


def random(rng, dtype, *shape):
    return rng.standard_normal(shape).astype(dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("transposed", [False, True])
def test_every_shape_of_tile(dtype, transposed, compiled, rng):
    lanes = VECTOR_BYTES // np.dtype(dtype).itemsize
    widths = {1, lanes - 1, lanes, lanes + 1, 2 * lanes, TILE_VECTORS * lanes}
    widths |= {TILE_VECTORS * lanes + 1, 7 * lanes - 3}
    for m in (1, 2, 3, 5, TILE_ROWS, TILE_ROWS + 1, 2 * TILE_ROWS - 1, 33):
        for n in sorted(widths - {0}):
            a, b = random(rng, dtype, *((4, m) if transposed else (m, 4))), random(rng, dtype, 4, n)
            expected = (a.T if transposed else a).astype(float) @ b
            got = product(compiled, a, b, transposed=transposed)
            np.testing.assert_allclose(got, expected, atol=1e-5 if dtype == np.float32 else 1e-13)


@pytest.mark.parametrize("dtype", DTYPES)
def test_initial_values(dtype, compiled, rng):
    a, b = random(rng, dtype, 11, 5), random(rng, dtype, 5, 37)
    init = random(rng, dtype, 37)
    np.testing.assert_allclose(product(compiled, a, b, init), a @ b + init, atol=1e-5)


def test_deep_products_are_cut_without_a_trace(compiled, rng):
    depth = module.DEPTH
    a, b = random(rng, np.float64, 3, 2 * depth + 7), random(rng, np.float64, 2 * depth + 7, 5)
    whole = product(compiled, a, b)
    np.testing.assert_allclose(whole, a @ b, rtol=1e-12, atol=1e-12)
    for i in range(3):
        row = None
        for part in (slice(0, depth), slice(depth, 2 * depth), slice(2 * depth, None)):
            piece = product(compiled, a[i : i + 1, part].copy(), b[part], row)
            row = piece[0]
        if not config.DISABLE_JIT:  # NumPy adds in an order of its own
            np.testing.assert_array_equal(whole[i], row)


@pytest.mark.skipif(bool(config.DISABLE_JIT), reason="NumPy adds in an order of its own")
@pytest.mark.parametrize("dtype", DTYPES)
def test_a_row_has_the_same_bits_wherever_it_stands(dtype, compiled, rng):
    a, b, bias = random(rng, dtype, 50, 61), random(rng, dtype, 61, 45), random(rng, dtype, 45)
    whole = product(compiled, a, b, bias)
    for i in range(50):
        np.testing.assert_array_equal(product(compiled, a[i : i + 1], b, bias)[0], whole[i])
    np.testing.assert_array_equal(product(compiled, a[7:18], b, bias), whole[7:18])
    # Nor does a column depend on how many there are.
    some = product(compiled, a, np.ascontiguousarray(b[:, :20]), bias[:20])
    np.testing.assert_array_equal(some, whole[:, :20])


def test_nan_and_inf_stay_where_they_belong(compiled, rng):
    a, b = random(rng, np.float32, 9, 4), random(rng, np.float32, 4, 20)
    a[5, 2] = np.nan
    a[7, 1] = np.inf
    out = product(compiled, a, b)
    assert np.isnan(out[5]).all()
    assert np.isinf(out[7]).all()
    assert np.isfinite(np.delete(out, [5, 7], axis=0)).all()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "shape", [(1, 1), (3, 40), (40, 3), (16, 16), (32, 48), (33, 50), (17, 64)]
)
def test_transposition(shape, dtype, compiled, rng):
    a = random(rng, dtype, *shape)
    out = np.full(a.size, NAN, dtype)
    compiled(transpose)(*shape, a.reshape(-1), out)
    np.testing.assert_array_equal(out, a.T.reshape(-1))


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.skipif(bool(config.DISABLE_JIT), reason="nothing is compiled")
def test_entries_keep_their_functions_to_themselves(compiled, rng):
    """LLVM changes the arguments of what an entry has linked in: nobody else may call that."""
    X = rng.standard_normal((30, 3))
    mlp_regressor((4,), max_iter=1).fit(X, X[:, 0]).predict(X)
    fresh = njit(**{"error_model": "numpy"})(matmul.py_func)
    a, b, out = X.reshape(-1), X.T.reshape(-1).copy(), np.zeros(900)
    fresh(30, 30, 3, a, 3, np.int64(1), b, 30, out[:0], out)
    np.testing.assert_allclose(out.reshape(30, 30), X @ X.T, rtol=1e-12)

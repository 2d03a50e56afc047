"""Sums of chosen rows of a matrix in vector code, against NumPy."""

import numpy as np
import pytest
from numba import config, njit

from skdnn._jit import VECTOR_BYTES
from skdnn._jit.rows import (
    ROW_VECTORS,
    _bucket_intrinsic,
    _bucket_python,
    _gather_intrinsic,
    _gather_python,
)

pytestmark = pytest.mark.skipif(
    bool(config.DISABLE_JIT), reason="compilation is switched off by NUMBA_DISABLE_JIT"
)

LANES = VECTOR_BYTES // 8
#: Parts of a vector, whole ones, each number of vectors at a time, and all of these together.
WIDTHS = [1, LANES - 1, LANES, LANES + 1]
WIDTHS += [n * LANES for n in ROW_VECTORS] + [2 * sum(ROW_VECTORS) * LANES - 1]
TOLERANCE = {np.float32: 2e-6, np.float64: 1e-14}


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@njit
def gather(n, index, first, factors, matrix, start, row, out, out_start):
    _gather_intrinsic(n, index, first, factors, matrix, start, row, out, out_start)


@njit
def buckets(n, starts, order, stride, values, shares, matrix, row, out):
    _bucket_intrinsic(n, starts, order, stride, values, shares, matrix, row, out)


def assert_equal(result, expected, around):
    """And nothing is written beside the rows that are meant."""
    dtype = result.dtype.type
    np.testing.assert_allclose(result, expected, rtol=TOLERANCE[dtype], atol=4 * TOLERANCE[dtype])
    np.testing.assert_array_equal(result[around], expected[around])


@pytest.mark.parametrize("row", WIDTHS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_gather(dtype, row, rng):
    n, first, start, out_start = 5, 2, 4, 7
    matrix = rng.standard_normal(start + 6 * row).astype(dtype)
    index = rng.integers(0, 6, first + n)
    factors = rng.standard_normal(first + n).astype(dtype)
    out = rng.standard_normal(out_start + row + 9).astype(dtype)
    expected = out.copy()
    _gather_python(n, index, first, factors, matrix, start, row, expected, out_start)
    gather(n, index, first, factors, matrix, start, row, out, out_start)
    assert_equal(out, expected, np.r_[:out_start, out_start + row : out.size])


@pytest.mark.parametrize("row", WIDTHS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_buckets(dtype, row, rng):
    """Also of empty buckets, at both ends and between."""
    n_rows, n, stride = 7, 6, 3
    bucket = np.sort(np.array([1, 1, 1, 3, 4, 4, 1]))
    order = rng.permutation(n_rows)
    starts = np.searchsorted(bucket, np.arange(n + 1))
    values, shares = rng.standard_normal((2, n_rows * stride)).astype(dtype)
    matrix = rng.standard_normal(n_rows * row).astype(dtype)
    out = np.full(n * row + 4, np.inf, dtype)
    expected = out.copy()
    _bucket_python(n, starts, order, stride, values, shares, matrix, row, expected)
    buckets(n, starts, order, stride, values, shares, matrix, row, out)
    assert_equal(out, expected, np.r_[n * row : out.size])
    # No bucket is behind the last one, which is empty; all are behind the first, which is, too.
    whole = matrix.reshape(n_rows, row) * shares[stride * np.arange(n_rows), None]
    found = out[: n * row].reshape(n, row)
    np.testing.assert_array_equal(found[-1], 0)
    np.testing.assert_allclose(found[0], whole.sum(axis=0), rtol=1e-4, atol=1e-5)


def test_a_row_has_the_same_bits_whatever_its_width(rng):
    """An element does not depend on the vector that it falls into."""
    n, widest = 9, 2 * sum(ROW_VECTORS) * LANES
    matrix = rng.standard_normal((n, widest))
    index, factors = np.arange(n), rng.standard_normal(n)
    whole = np.zeros(widest)
    gather(n, index, 0, factors, matrix.reshape(-1), 0, widest, whole, 0)
    for width in WIDTHS:
        out = np.zeros(width)
        part = np.ascontiguousarray(matrix[:, :width]).reshape(-1)
        gather(n, index, 0, factors, part, 0, width, out, 0)
        np.testing.assert_array_equal(out, whole[:width])

"""The elementary functions against mpmath, and their behavior at the borders."""

import math

import mpmath
import numpy as np
import pytest
from numba import config

from skdnn._jit import kernel
from skdnn.kernels import elementary


@kernel
def _exp(x, out):
    for i in range(x.size):
        out[i] = elementary.exp(x[i])


@kernel
def _expm1(x, out):
    for i in range(x.size):
        out[i] = elementary.expm1(x[i])


@kernel
def _logistic(x, out):
    for i in range(x.size):
        out[i] = elementary.logistic(x[i])


@kernel
def _tanh(x, out):
    for i in range(x.size):
        out[i] = elementary.tanh(x[i])


@kernel
def _softplus(x, out):
    for i in range(x.size):
        out[i] = elementary.softplus(x[i])


@kernel
def _cdf(x, out):
    for i in range(x.size):
        out[i] = elementary.normal(x[i])[0]


@kernel
def _pdf(x, out):
    for i in range(x.size):
        out[i] = elementary.normal(x[i])[1]


@kernel
def _cos_turns(x, out):
    for i in range(x.size):
        out[i] = elementary.turns(x[i])[0]


@kernel
def _sin_turns(x, out):
    for i in range(x.size):
        out[i] = elementary.turns(x[i])[1]


def _reference(function, x):
    mpmath.mp.dps = 30
    return np.array([float(function(mpmath.mpf(float(value)))) for value in x])


# kernel, reference, range, relative error in float32 (as stated in the module), in float64
RELATIVE = {
    "exp": (_exp, mpmath.exp, (-87, 88), 2.5e-7, 1e-15),
    "expm1": (_expm1, mpmath.expm1, (-87, 88), 5e-7, 1e-15),
    "expm1 near 0": (_expm1, mpmath.expm1, (-1e-3, 1e-3), 5e-7, 1e-15),
    "logistic": (_logistic, lambda x: 1 / (1 + mpmath.exp(-x)), (-87, 88), 4e-7, 1e-15),
    "tanh": (_tanh, mpmath.tanh, (-15, 15), 6e-7, 1e-15),
    "tanh near 0": (_tanh, mpmath.tanh, (-1e-3, 1e-3), 6e-7, 1e-15),
    "softplus": (_softplus, lambda x: mpmath.log1p(mpmath.exp(x)), (-87, 88), 4e-7, 1e-15),
}
ABSOLUTE = {
    "cdf": (_cdf, mpmath.ncdf, (-12, 12), 3e-7, 1e-15),
    "pdf": (_pdf, mpmath.npdf, (-12, 12), 3e-7, 1e-15),
    "cosine of turns": (_cos_turns, lambda x: mpmath.cospi(2 * x), (-3, 3), 1e-6, 1e-14),
    "sine of turns": (_sin_turns, lambda x: mpmath.sinpi(2 * x), (-3, 3), 5e-7, 1e-14),
}
N_POINTS = 60 if config.DISABLE_JIT else 4001


def _grid(limits, dtype):
    # An odd number of points: vector bodies and the rest of the loops are both used.
    return np.linspace(*limits, N_POINTS).astype(dtype)


@pytest.mark.parametrize("name", RELATIVE)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_relative_error(name, dtype, compiled):
    function, reference, limits, bound32, bound64 = RELATIVE[name]
    x = _grid(limits, dtype)
    out = np.empty_like(x)
    compiled(function)(x, out)
    expected = _reference(reference, x)
    nonzero = expected != 0
    error = np.abs(out[nonzero] - expected[nonzero]) / np.abs(expected[nonzero])
    assert error.max() < (bound32 if dtype == np.float32 else bound64)
    assert np.all(out[~nonzero] == 0)


@pytest.mark.parametrize("name", ABSOLUTE)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_absolute_error(name, dtype, compiled):
    function, reference, limits, bound32, bound64 = ABSOLUTE[name]
    x = _grid(limits, dtype)
    out = np.empty_like(x)
    compiled(function)(x, out)
    error = np.abs(out - _reference(reference, x))
    assert error.max() < (bound32 if dtype == np.float32 else bound64)


@pytest.mark.parametrize("function", [_exp, _expm1, _logistic, _tanh, _softplus, _cdf, _pdf])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_nan_stays_nan_and_large_arguments_stay_finite(function, dtype, compiled):
    x = np.array([np.nan, -1e4, 1e4, -700, 700] * 7, dtype=dtype)
    if dtype == np.float64 and function in (_exp, _expm1):
        x[np.abs(x) > 700] = 700  # the C library's functions overflow beyond
    out = np.empty_like(x)
    compiled(function)(x, out)
    assert np.array_equal(np.isnan(out), np.isnan(x))
    assert np.isfinite(out[~np.isnan(x)]).all()


def test_saturation_of_exp(compiled):
    x = np.array([-math.inf, -200, 200, math.inf], dtype=np.float32)
    out = np.empty_like(x)
    compiled(_exp)(x, out)
    np.testing.assert_allclose(
        out, np.exp(np.float32([-87.3, -87.3, 88, 88]).astype(float)), rtol=3e-7
    )


@pytest.mark.parametrize("function", [_cos_turns, _sin_turns])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_turns_of_what_is_no_number_or_far_away(function, dtype, compiled):
    x = np.array([np.nan, math.inf, -math.inf, 2.0**30, -(2.0**20), 0.5, -0.5, 0] * 7, dtype)
    out = np.empty_like(x)
    compiled(function)(x, out)
    whole = [1, 1, -1, -1, 1] if function is _cos_turns else [0] * 5
    expected = np.array([np.nan] * 3 + whole)
    np.testing.assert_allclose(out, np.tile(expected, 7), atol=1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_turns_repeat(dtype, compiled):
    """Every 32th of a turn is a number of both dtypes: whole turns change nothing."""
    x = np.arange(-64, 64, dtype=dtype) / 32
    for function in (_cos_turns, _sin_turns):
        near, far = np.empty_like(x), np.empty_like(x)
        compiled(function)(x, near)
        compiled(function)(x + dtype(1000), far)
        np.testing.assert_allclose(far, near, atol=0 if dtype == np.float32 else 1e-11)

"""Every activation against its NumPy twin, and its derivative against differences."""

import numpy as np
import pytest
from numpy_twin import ACTIVATIONS as TWINS

from skdnn.kernels.activations import ACTIVATIONS, activation_forward

pytestmark = pytest.mark.parametrize("name", ACTIVATIONS)


def _apply(compiled, name, z):
    a, d = z.copy(), np.full_like(z, np.nan)
    compiled(activation_forward)(0, ACTIVATIONS[name].code, a, d)
    return a, d


def test_twin(name, compiled):
    z = np.concatenate([np.linspace(-30, 30, 241), [-0.0, 1e-9, -1e-9, -600, 600]])
    a, d = _apply(compiled, name, z)
    with np.errstate(over="ignore"):
        np.testing.assert_allclose(a, TWINS[name][0](z), rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(d, TWINS[name][1](z), rtol=1e-12, atol=1e-12)


def test_float32(name, compiled):
    z = np.linspace(-30, 30, 1203).astype(np.float32)
    a, d = _apply(compiled, name, z)
    expected = TWINS[name][0](z.astype(np.float64))
    np.testing.assert_allclose(a, expected, rtol=6e-7, atol=6e-7)
    np.testing.assert_allclose(d, TWINS[name][1](z.astype(np.float64)), rtol=2e-6, atol=2e-6)


def test_derivative(name, compiled):
    z = np.linspace(-5, 5, 201) + 0.0123  # no point at a kink
    eps = 1e-4
    values = [_apply(compiled, name, z + k * eps)[0] for k in (-2, -1, 1, 2)]
    slope = (values[0] - 8 * values[1] + 8 * values[2] - values[3]) / (12 * eps)
    np.testing.assert_allclose(_apply(compiled, name, z)[1], slope, rtol=1e-9, atol=1e-9)


def test_nan_stays_nan(name, compiled):
    for dtype in (np.float32, np.float64):
        a, _ = _apply(compiled, name, np.full(37, np.nan, dtype))
        assert np.isnan(a).all()

"""Normalization against its NumPy twin, and what weights and small batches do to it."""

import numpy as np
import pytest
from numpy_twin import (
    batch_normalize,
    batch_normalize_backward,
    layer_normalize,
    layer_normalize_backward,
)

from skdnn.kernels import normalization as module
from skdnn.kernels.normalization import (
    batch_backward,
    batch_forward,
    batch_moments,
    layer_backward,
    layer_forward,
    normalised_sums,
    running_share,
)

SHAPES = [(1, 4), (7, 1), (9, 17), (64, 40)]


def random(rng, n_rows, n):
    z, d = rng.normal(2, 3, (n_rows, n)), rng.standard_normal((n_rows, n))
    return z, d, rng.uniform(0.2, 2, n_rows), rng.uniform(0.5, 2, n), rng.standard_normal(n)


@pytest.mark.parametrize(("n_rows", "n"), SHAPES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_batch(n_rows, n, dtype, compiled, rng):
    tolerance = {"rtol": 1e-10, "atol": 1e-11} if dtype == np.float64 else {"atol": 1e-3}
    z, d, weights, gain, shift = (a.astype(dtype) for a in random(rng, n_rows, n))
    mean, spread = np.empty(n, dtype), np.empty(n, dtype)
    mass = compiled(batch_moments)(n_rows, n, z.reshape(-1), weights, mean, spread)
    assert mass == pytest.approx(weights.sum(), rel=1e-5)
    np.testing.assert_allclose(mean, np.average(z, axis=0, weights=weights), **tolerance)
    variance = np.average((z - mean) ** 2, axis=0, weights=weights)
    np.testing.assert_allclose(spread, variance, **tolerance)
    spread = 1 / np.sqrt(spread + dtype(module.VARIANCE_EPSILON))
    out, normal = z.reshape(-1).copy(), np.full(z.size, np.nan, dtype)
    compiled(batch_forward)(n_rows, n, out, gain, shift, mean, spread, normal)
    expected, _ = batch_normalize(z.astype(float), weights)
    np.testing.assert_allclose(normal.reshape(z.shape), expected, **tolerance)
    np.testing.assert_allclose(out.reshape(z.shape), expected * gain + shift, **tolerance)

    gain_grad, shift_grad, dz = np.empty(n, dtype), np.empty(n, dtype), d.reshape(-1).copy()
    compiled(normalised_sums)(n_rows, n, normal, dz, gain_grad, shift_grad)
    np.testing.assert_allclose(gain_grad, (d * expected).sum(axis=0), **tolerance)
    np.testing.assert_allclose(shift_grad, d.sum(axis=0), **tolerance)
    compiled(batch_backward)(n_rows, n, normal, weights, spread, gain, gain_grad, shift_grad, dz)
    back = batch_normalize_backward((d * gain).astype(float), z.astype(float), weights)
    if n_rows == 1:  # one row is its own mean: nothing passes
        back = np.zeros_like(back)
    np.testing.assert_allclose(dz.reshape(z.shape), back, **tolerance)


@pytest.mark.parametrize(("n_rows", "n"), SHAPES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_layer(n_rows, n, dtype, compiled, rng):
    tolerance = {"rtol": 1e-10, "atol": 1e-10} if dtype == np.float64 else {"atol": 1e-3}
    z, d, _, gain, shift = (a.astype(dtype) for a in random(rng, n_rows, n))
    out, normal = z.reshape(-1).copy(), np.full(z.size, np.nan, dtype)
    spread, dz = np.full(n_rows, np.nan, dtype), d.reshape(-1).copy()
    compiled(layer_forward)(n_rows, n, out, gain, shift, spread, normal)
    expected, _ = layer_normalize(z.astype(float))
    np.testing.assert_allclose(out.reshape(z.shape), expected * gain + shift, **tolerance)
    compiled(layer_backward)(n_rows, n, normal, spread, gain, dz)
    back = layer_normalize_backward((d * gain).astype(float), z.astype(float))
    if n == 1:
        back = np.zeros_like(back)
    np.testing.assert_allclose(dz.reshape(z.shape), back, **tolerance)


def test_a_weight_of_two_is_a_row_twice(compiled, rng):
    z = rng.standard_normal((6, 5))
    weights = np.array([1.0, 2, 1, 3, 1, 1])
    repeated = np.repeat(z, weights.astype(int), axis=0)
    results = []
    for rows, w in ((z, weights), (repeated, np.ones(len(repeated)))):
        mean, variance = np.empty(5), np.empty(5)
        compiled(batch_moments)(len(rows), 5, rows.reshape(-1), w, mean, variance)
        results.append(np.concatenate([mean, variance]))
    np.testing.assert_allclose(*results, rtol=1e-13)


def test_large_means_do_not_spoil_the_variance(compiled, rng):
    z = (rng.standard_normal((500, 3)) + 3000).astype(np.float32)
    mean, variance = np.empty(3, np.float32), np.empty(3, np.float32)
    compiled(batch_moments)(500, 3, z.reshape(-1), np.ones(500, np.float32), mean, variance)
    np.testing.assert_allclose(variance, z.astype(float).var(axis=0), rtol=1e-2)


def test_running_share(compiled):
    """The first batch is all there is; later ones are averaged, then forgotten; light ones count
    less."""
    share = compiled(running_share)
    assert share(1, 0.3) == 1
    assert share(4, 1.0) == 0.25
    assert share(100, 1.0) == module.RUNNING_SHARE
    assert share(100, 0.01) == pytest.approx(0.01 * module.RUNNING_SHARE)
    assert share(100, 7.0) == module.RUNNING_SHARE

"""Dropout masks: their rate, their scale, their independence."""

import numpy as np
import pytest
from numba import config

from skdnn.kernels.dropout import (
    dropout_forward,
    dropout_gradient,
    dropout_input,
    dropout_key,
)

SIZE = 2000 if config.DISABLE_JIT else 200_000


def _mask(compiled, rate, key, size=SIZE, dtype=np.float64):
    a, d = np.ones(size, dtype), np.full(size, 2.0, dtype)
    compiled(dropout_forward)(a, d, 0, rate, np.uint64(key))
    np.testing.assert_array_equal(d, 2 * a)
    return a


@pytest.mark.parametrize("rate", [0.01, 0.2, 0.5, 0.9])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rate_and_scale(rate, dtype, compiled):
    a = _mask(compiled, rate, 12345, dtype=dtype)
    np.testing.assert_array_equal(np.unique(a), [0, dtype(1 / (1 - rate))])
    deviation = np.sqrt(rate * (1 - rate) / a.size)
    assert abs((a == 0).mean() - rate) < 4 * deviation


def test_keys_differ_in_seed_step_and_layer(compiled):
    key = compiled(dropout_key)
    seeds = [np.uint64(s) for s in (0, 1, 2**32, 2**63 + 5)]
    steps = [0, 1, 2, 1000, 2**32, 2**32 + 1]
    keys = {int(key(seed, step, layer)) for seed in seeds for step in steps for layer in range(4)}
    assert len(keys) == len(seeds) * len(steps) * 4


def test_masks_of_neighboring_keys_and_positions_are_uncorrelated(compiled):
    key = compiled(dropout_key)
    masks = [
        _mask(compiled, 0.5, key(np.uint64(7), step, layer)) == 0
        for step in (1, 2)
        for layer in (0, 1)
    ]
    masks += [np.roll(masks[0], shift) for shift in (1, 2, 64, 256)]
    correlation = np.corrcoef(np.array(masks, float)) - np.eye(len(masks))
    assert np.abs(correlation).max() < 5 / np.sqrt(SIZE)


@pytest.mark.parametrize("n_trained", [1, 3, 7])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_gradients_of_some_inputs_have_the_mask_of_these(dtype, n_trained, compiled):
    n_rows, n_in, first, key = 500, 7, 8, np.uint64(12345)
    x, dx = np.ones((n_rows, n_in), dtype), np.ones((n_rows, n_trained), dtype)
    compiled(dropout_input)(x.reshape(-1), first * n_in, 0.4, key)
    compiled(dropout_gradient)(first, n_in, n_trained, dx.reshape(-1), 0.4, key)
    assert 0.3 < (dx == 0).mean() < 0.5
    np.testing.assert_array_equal(dx, x[:, :n_trained])

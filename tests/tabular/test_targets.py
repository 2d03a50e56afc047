"""Targets of a regression: scaled, and back."""

import copy
import pickle

import numpy as np
import pytest
from sklearn.preprocessing import StandardScaler

from skdnn.tabular.targets import TargetScaler


def targets(n_targets, n=50):
    y = np.random.default_rng(0).normal(5, 3, (n, 3)) * [1, 1e-6, 1e6]
    return y[:, 0] if n_targets is None else y[:, :n_targets]


@pytest.mark.parametrize("n_targets", [None, 1, 3])
def test_mean_zero_deviation_one_and_back(n_targets):
    y = targets(n_targets)
    weights = np.random.default_rng(1).random(50) + 0.1
    for w in (None, weights):
        scaler = TargetScaler().fit(y, w)
        scaled = scaler.transform(y)
        expected = StandardScaler().fit(y.reshape(50, -1), sample_weight=w)
        np.testing.assert_allclose(
            scaled, expected.transform(y.reshape(50, -1)).reshape(y.shape), rtol=1e-9, atol=1e-12
        )
        np.testing.assert_allclose(scaler.inverse(scaled), y, rtol=1e-12)
        assert scaler.transform(y, np.float32).dtype == np.float32
        assert np.shape(scaler.mean) == np.shape(scaler.scale) == y.shape[1:]


@pytest.mark.parametrize("n_targets", [None, 1, 3])
def test_clamped_to_the_range_of_the_training(n_targets):
    y = targets(n_targets)
    scaler = TargetScaler().fit(y)
    far = scaler.transform(y) * 100
    clamped = scaler.inverse(far)
    unclamped = far * scaler.scale + scaler.mean
    np.testing.assert_array_equal(clamped, np.clip(unclamped, y.min(axis=0), y.max(axis=0)))
    assert unclamped.max() > y.max()
    np.testing.assert_array_equal(clamped.max(axis=0), y.max(axis=0))
    np.testing.assert_array_equal(clamped.min(axis=0), y.min(axis=0))


@pytest.mark.parametrize("value", [0.0, 0.1, -1e300, 5e-324])
def test_a_constant_target(value):
    y = np.column_stack([np.full(7, value), np.arange(7.0)])
    weights = np.random.default_rng(0).random(7)
    for w in (None, weights):
        scaler = TargetScaler().fit(y, w)
        scaled = scaler.transform(y)
        assert scaled[:, 0].tolist() == [0] * 7
        assert scaler.inverse(scaled)[:, 0].tolist() == [value] * 7
        scaler = TargetScaler().fit(y[:, 0], w)
        assert scaler.inverse(scaler.transform(y[:, 0])).tolist() == [value] * 7
        assert scaler.inverse(np.array([5.0]))[0] == value


def test_weights_are_repeated_and_removed_rows():
    y = targets(3)
    weights = np.random.default_rng(1).integers(0, 4, 50)
    y[weights == 0] = 1e9  # must not matter, in the range neither
    weighted = TargetScaler().fit(y, weights.astype(float))
    repeated = TargetScaler().fit(np.repeat(y, weights, axis=0))
    for name in ("mean", "scale", "low", "high"):
        np.testing.assert_allclose(getattr(weighted, name), getattr(repeated, name), rtol=1e-12)
    assert weighted.high.max() < 1e9


def test_float32_predictions_keep_a_large_mean():
    y = 1e9 + np.arange(5)
    scaler = TargetScaler().fit(y)
    back = scaler.inverse(scaler.transform(y, np.float32))
    assert back.dtype == np.float64
    np.testing.assert_allclose(back, y, rtol=0, atol=1e-5)


@pytest.mark.parametrize("dtype", [np.int64, np.float32, bool])
def test_dtypes_of_targets(dtype):
    y = np.array([0, 1, 1, 0, 1], dtype=dtype)
    scaled = TargetScaler().fit(y).transform(y)
    np.testing.assert_array_equal(scaled, TargetScaler().fit(y.astype(float)).transform(y))


def test_copies_and_pickles():
    y = targets(3)
    scaler = TargetScaler().fit(y)
    for other in (copy.deepcopy(scaler), pickle.loads(pickle.dumps(scaler))):
        np.testing.assert_array_equal(other.inverse(y), scaler.inverse(y))


@pytest.mark.parametrize("factor", [2.0**1000, 2.0**-1000])
@pytest.mark.parametrize("centered", [True, False])
def test_units_do_not_matter(centered, factor):
    """Powers of two, to the bit: nothing overflows, nothing vanishes."""
    y = np.exp(targets(3) / [1, 1e-6, 1e6] / 5)
    usual, other = (TargetScaler(centered).fit(y * unit) for unit in (1, factor))
    scaled = usual.transform(y)
    np.testing.assert_array_equal(other.transform(y * factor), scaled)
    np.testing.assert_array_equal(other.inverse(scaled * 1.5), usual.inverse(scaled * 1.5) * factor)


def test_the_whole_range_of_a_dtype():
    largest, least = np.finfo(float).max, 5e-324
    y = np.outer([1, -1, 1, -1], [largest, least, 1])
    scaler = TargetScaler().fit(y)
    np.testing.assert_array_equal(scaler.transform(y), np.outer([1, -1, 1, -1], [1, 1, 1]))
    np.testing.assert_array_equal(scaler.inverse(scaler.transform(y)), y)
    far = np.full((1, 3), np.finfo(np.float32).max, np.float32)
    np.testing.assert_array_equal(scaler.inverse(far), y[:1])
    np.testing.assert_array_equal(scaler.inverse(-far), y[1:2])

"""Averages over the members."""

import numpy as np
import pytest
from scipy.special import expit, log_expit, log_softmax, logsumexp, softmax

from skdnn.training.averages import deviation_of, mean_of, mean_raw

LINKS = ["identity", "logistic", "softmax", "exp"]
#: One row, some of them in another order, parts that no vector register holds exactly.
BATCHES = [[0], [36], [5, 2, 30], slice(3, 20), slice(None, None, -3), slice(1, 3)]


def raw_predictions(n_members, n_out, dtype):
    rng = np.random.default_rng(n_members)
    spread = np.where(rng.random(37) < 0.5, 1, 30)[:, None]
    return (rng.normal(size=(n_members, 37, n_out)) * spread).astype(dtype)


def expected(raw, link, weights=None):
    weights = np.ones(len(raw)) / len(raw) if weights is None else weights
    if link == "identity":
        return np.average(raw, axis=0, weights=weights)
    weights = weights[:, None, None]
    if link == "logistic":
        on, off = (logsumexp(log_expit(sign * raw), axis=0, b=weights) for sign in (1, -1))
        return on - off
    raw = log_softmax(raw, axis=-1) if link == "softmax" else raw
    return logsumexp(raw, axis=0, b=weights)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("link", LINKS)
def test_a_row_has_the_same_bits_alone_and_in_any_batch(link, dtype):
    for n_out in (1, 3, 9):
        for n_members in range(1, 65):
            raw = raw_predictions(n_members, n_out, dtype)
            whole = mean_raw(raw, link)
            assert whole.dtype == dtype
            for rows in BATCHES:
                np.testing.assert_array_equal(mean_raw(raw[:, rows], link), whole[rows])
            by_columns = np.asfortranarray(raw)
            np.testing.assert_array_equal(mean_raw(by_columns, link), whole)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_same_for_deviations_and_probabilities(dtype):
    for n_members in range(1, 65):
        raw = raw_predictions(n_members, 3, dtype)
        deviation, proba = deviation_of(raw), softmax(mean_raw(raw, "softmax"), axis=1)
        likely = expit(mean_raw(raw, "logistic"))
        for rows in BATCHES:
            part = raw[:, rows]
            np.testing.assert_array_equal(deviation_of(part), deviation[rows])
            np.testing.assert_array_equal(softmax(mean_raw(part, "softmax"), axis=1), proba[rows])
            np.testing.assert_array_equal(expit(mean_raw(part, "logistic")), likely[rows])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("link", LINKS)
def test_a_weighted_mean(link, dtype):
    raw, weights = raw_predictions(4, 3, dtype), np.array([0.5, 0.3, 0.001, 0.199])
    whole = mean_raw(raw, link, weights)
    assert whole.dtype == dtype
    accuracy = (
        {"rtol": 1e-5, "atol": 1e-5} if dtype == np.float32 else {"rtol": 1e-12, "atol": 1e-12}
    )
    np.testing.assert_allclose(whole, expected(raw, link, weights), **accuracy)
    for rows in BATCHES:
        np.testing.assert_array_equal(mean_raw(raw[:, rows], link, weights), whole[rows])
    # A member of weight 2 is two members.
    twice = mean_raw(raw[[0, 1, 1]].astype(float), link)
    np.testing.assert_allclose(
        mean_raw(raw[:2].astype(float), link, np.array([1, 2]) / 3), twice, rtol=1e-10, atol=1e-12
    )


def test_a_weighted_deviation():
    members = np.random.default_rng(0).normal(size=(3, 20, 2)) * 1e3
    np.testing.assert_allclose(
        deviation_of(members[:2], np.array([1, 2]) / 3), deviation_of(members[[0, 1, 1]])
    )


@pytest.mark.parametrize("n_members", [1, 2, 7, 33, 64])
@pytest.mark.parametrize("link", LINKS)
def test_the_mean_of_predictions(link, n_members):
    raw = raw_predictions(n_members, 3, np.float64)
    np.testing.assert_allclose(
        mean_raw(raw, link), raw[0] if n_members == 1 else expected(raw, link), rtol=1e-13,
        atol=1e-13,
    )  # fmt: skip
    np.testing.assert_allclose(deviation_of(raw), raw.std(axis=0), rtol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_nothing_overflows_or_vanishes(dtype):
    largest, least = np.finfo(dtype).max, np.finfo(dtype).smallest_subnormal
    for n_members in (2, 3, 9):
        raw = np.full((n_members, 2, 3), largest)
        raw[:, 1] = -largest
        np.testing.assert_allclose(mean_of(raw), raw[0], rtol=1e-6)
        np.testing.assert_array_less(deviation_of(raw), largest * 1e-6)
        for link in LINKS:
            assert np.isfinite(mean_raw(raw, link)).all()
            raw[:, :, 1] *= -1
            assert np.isfinite(mean_raw(raw, link)).all()
    pair = np.array([[largest, least, 0], [-largest, 3 * least, 0]])
    np.testing.assert_array_equal(deviation_of(pair), [largest, least, 0])

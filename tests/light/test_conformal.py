"""Conformal prediction against direct formulas."""

from fractions import Fraction
from math import ceil

import numpy as np
import pytest

from skdnn_light import conformal
from skdnn_light.conformal import (
    class_scores,
    class_set,
    interval,
    number_scores,
    sorted_scores,
)

COVERAGES = ["0.1", "0.5", "0.8", "0.9", "0.95", "0.99"]


def threshold(values, coverage, weights=None, n_lost=0):
    return sorted_scores(values[:, None], weights, n_lost).thresholds(float(coverage))[0]


@pytest.mark.parametrize("coverage", COVERAGES)
@pytest.mark.parametrize("n_lost", [0, 1])
@pytest.mark.parametrize("n", [1, 9, 10, 19, 20, 99, 100, 500])
def test_the_threshold_is_the_score_of_a_rank(n, n_lost, coverage):
    values = np.random.default_rng(n).normal(size=n)
    # Exactly, without rounding: of 99 rows 0.9 is rank 90.
    rank = ceil(Fraction(coverage) * (n + 1)) + n_lost
    expected = np.sort(values)[rank - 1] if rank <= n else np.inf
    assert threshold(values, coverage, n_lost=n_lost) == expected
    needed = sorted_scores(values[:, None], None, n_lost).n_needed(float(coverage))
    assert (n >= needed) == np.isfinite(expected)


@pytest.mark.parametrize("coverage", COVERAGES)
def test_weights_of_0_and_2_are_removed_and_repeated_rows(coverage):
    rng = np.random.default_rng(0)
    values, weights = rng.normal(size=(60, 3)), rng.integers(0, 4, 60)
    found = sorted_scores(values, weights.astype(float)).thresholds(float(coverage))
    repeated = sorted_scores(np.repeat(values, weights, axis=0)).thresholds(float(coverage))
    np.testing.assert_array_equal(found, repeated)


@pytest.mark.parametrize("factor", [1e-300, 1e-3, 1.0])
def test_the_unit_of_weights_below_1_does_not_matter(factor):
    rng = np.random.default_rng(0)
    values, weights = rng.normal(size=50), rng.random(50)
    weights[0] = 1
    assert threshold(values, 0.8, factor * weights) == threshold(values, 0.8, weights)


def test_sums_of_the_largest_weights_are_finite():
    values = np.arange(10.0)
    weights = np.full(10, np.finfo(float).max)
    assert threshold(values, 0.55, weights) == 5  # a new row weighs nothing beside them
    assert threshold(values, 0.55) == 6


@pytest.mark.parametrize("score", [np.inf, np.nan])
def test_a_row_that_cannot_be_predicted_is_in_infinite_intervals_alone(score):
    scores = sorted_scores(np.append(np.zeros(9), score)[:, None])
    assert np.isfinite(scores.values).all()
    assert scores.thresholds(0.8)[0] == 0
    assert scores.thresholds(0.9)[0] == np.inf


def test_of_many_rows_the_scores_that_are_kept_are_not_lower(monkeypatch):
    values = np.random.default_rng(0).permutation(1003) + 1.0
    monkeypatch.setattr(conformal, "MOST_SCORES", 100)
    scores = sorted_scores(values[:, None])
    assert scores.values.shape == scores.cumulative.shape == (1, 100)
    assert scores.n_rows == 1003
    for coverage in np.linspace(0.05, 0.99, 40):
        exact = np.ceil(coverage * 1004)
        assert exact <= scores.thresholds(coverage)[0] < exact + 1003 / 100 + 1


# ---------------------------------------------------------------- numbers


def test_the_score_of_a_prediction_is_the_absolute_error():
    y, predicted = np.array([[1.0, 2], [3, 4]]), np.array([[2.0, 2], [1, 5]])
    np.testing.assert_array_equal(number_scores(y, predicted[..., None]), [[1, 0], [2, 1]])


def test_scores_of_bands_are_those_of_conformalized_quantile_regression():
    rng = np.random.default_rng(0)
    quantiles, y = np.sort(rng.normal(size=(20, 2, 5)), axis=-1), rng.normal(size=(20, 2))
    scores = number_scores(y, quantiles).reshape(20, 2, 3)
    for band, (low, high) in enumerate([(0, 4), (1, 3), (2, 2)]):
        expected = np.maximum(quantiles[..., low] - y, y - quantiles[..., high])
        np.testing.assert_array_equal(scores[..., band], expected)


@pytest.mark.parametrize(
    ("coverage", "band"), [(0.99, (0, 4)), (0.8, (0, 4)), (0.4, (1, 3)), (0.1, (2, 2))]
)
def test_the_band_whose_levels_are_closest_is_moved(coverage, band):
    rng = np.random.default_rng(0)
    levels = 0.05, 0.25, 0.5, 0.75, 0.95
    quantiles, y = np.sort(rng.normal(size=(400, 1, 5)), axis=-1), 2 * rng.normal(size=(400, 1))
    found = interval(quantiles, levels, sorted_scores(number_scores(y, quantiles)), coverage)
    margins = np.abs(found - quantiles[..., band])
    np.testing.assert_allclose(margins, margins[0, 0, 0])
    inside = (found[..., 0] <= y) & (y <= found[..., 1])
    assert inside.mean() == pytest.approx(coverage, abs=1 / 200)


def test_a_band_that_shrinks_below_nothing_is_its_middle():
    quantiles = np.array([[[0.0, 8.0]], [[0.0, 2.0]]])
    scores = sorted_scores(np.full((9, 1), -3.0))
    found = interval(quantiles, (0.1, 0.9), scores, 0.8)
    np.testing.assert_array_equal(found[:, 0], [[3, 5], [1, 1]])


@pytest.mark.parametrize("margin", [-1e9, -0.3, 0.0])
def test_rounding_does_not_swap_the_ends_of_a_shrunken_band(margin):
    quantiles = np.sort(np.random.default_rng(0).normal(size=(1000, 2, 2)), axis=-1)
    scores = sorted_scores(np.full((9, 2), margin))
    found = interval(quantiles, (0.1, 0.9), scores, 0.8)
    assert (found[..., 0] <= found[..., 1]).all()
    assert (found[..., 0] >= quantiles[..., 0]).all()
    assert (found[..., 1] <= quantiles[..., 1]).all()


# ---------------------------------------------------------------- classes


def test_scores_of_classes_are_sums_of_larger_probabilities():
    proba = np.array([[0.5, 0.125, 0.375], [0.25, 0.25, 0.5]])
    expected = [[0, 0.875, 0.5], [0.5, 0.75, 0]]  # the first of equal ones is the more probable
    np.testing.assert_array_equal(class_scores(proba), expected)


def test_sets_have_the_most_probable_classes_and_exact_coverage():
    rng = np.random.default_rng(0)
    proba = rng.dirichlet(np.ones(5), size=999)
    y = (proba.cumsum(axis=1) < rng.random((999, 1))).sum(axis=1)
    scores = sorted_scores(np.take_along_axis(class_scores(proba), y[:, None], axis=1))
    sets = class_set(proba, scores, 0.9)
    assert sets[np.arange(999), y].sum() == 900
    for row, chosen in zip(proba, sets, strict=True):
        assert chosen.any()
        assert row[chosen].min() >= row[~chosen].max(initial=0)


def test_a_set_is_the_most_probable_class_if_that_is_right_often_enough():
    proba = np.random.default_rng(0).dirichlet(np.ones(3), size=50)
    scores = sorted_scores(np.zeros((50, 1)))
    np.testing.assert_array_equal(class_set(proba, scores, 0.9), proba == proba.max(1)[:, None])

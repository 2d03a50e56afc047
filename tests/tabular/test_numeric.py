"""Numeric columns: quantiles, scaling, missing values, extremes."""

import numpy as np
import pytest
from sklearn.preprocessing import RobustScaler, StandardScaler

from skdnn.tabular.numeric import NumericScaler, mean_and_deviation, quantiles, smooth_clip

NAN = np.nan
EIGHTHS, TENTHS = np.linspace(0, 1, 9), np.linspace(0, 1, 11)


def unclipped(z):
    """Inverse of ``smooth_clip``."""
    return z / np.sqrt(1 - (z / 3) ** 2)


def table(n=200, seed=0):
    """Columns of all kinds, with missing values in two of them."""
    rng = np.random.default_rng(seed)
    X = np.column_stack(
        [
            rng.normal(5, 3, n),
            rng.integers(0, 4, n),
            np.exp(3 * rng.normal(size=n)),
            np.where(rng.random(n) < 0.9, 0, rng.normal(size=n)),
            np.full(n, 7.0),
        ]
    )
    X[rng.random(n) < 0.3, 0] = NAN
    X[rng.random(n) < 0.1, 4] = NAN
    return X


# -------------------------------------------------------------------------------------------------
# Statistics
# -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 10, 40, 101])
def test_quantiles_are_those_of_numpy(n):
    for values in (np.random.default_rng(n).normal(size=n), np.arange(n) // 3):
        expected = np.quantile(values, EIGHTHS, method="averaged_inverted_cdf")
        np.testing.assert_allclose(quantiles(values, EIGHTHS), expected, rtol=1e-15)
        assert quantiles(values, np.array([0.5]))[0] == np.median(values)


@pytest.mark.parametrize("seed", range(20))
def test_quantiles_with_integer_weights_are_those_of_repeated_rows(seed):
    rng = np.random.default_rng(seed)
    values = rng.choice(rng.normal(size=12), 30)
    weights = rng.integers(1, 5, 30)
    for m in (4, 10, 16, 48):
        probabilities = np.linspace(0, 1, m + 1)
        expected = quantiles(np.repeat(values, weights), probabilities)
        found = quantiles(values, probabilities, weights.astype(float))
        np.testing.assert_array_equal(found, expected)


def test_quantiles_do_not_depend_on_scale_of_weights_and_order_of_rows():
    rng = np.random.default_rng(0)
    values = rng.normal(size=40)
    expected = quantiles(values, TENTHS)
    for factor in (0.1, 1 / 3, 1e-300, 1e300 / 40):
        order = rng.permutation(40)
        found = quantiles(values[order], TENTHS, np.full(40, factor))
        np.testing.assert_array_equal(found, expected)


def test_quantiles_by_hand():
    # Every tenth is between two values, although 3 * 0.1 is not 0.3 in floating point.
    expected = [0, 0.5, 1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5, 8.5, 9]
    assert quantiles(np.arange(10), TENTHS).tolist() == expected
    assert quantiles(np.arange(10), TENTHS, np.full(10, 0.1)).tolist() == expected
    half = np.array([0.5])
    assert quantiles(np.array([3.0, 1, 2]), half, np.array([1.0, 1, 3]))[0] == 2
    assert quantiles(np.array([3.0, 1, 2]), half, np.array([1.0, 1, 2]))[0] == 2
    assert quantiles(np.array([3.0, 1, 2]), half, np.array([1.0, 1, 0.5]))[0] == 2
    assert quantiles(np.array([3.0, 1, 2]), half, np.array([2.0, 1, 1]))[0] == 2.5
    assert quantiles(np.array([3.0, 1]), half, np.array([2.5, 1]))[0] == 3
    # The ends are the ends, however little they weigh.
    ends = quantiles(np.array([1.0, 2, 3]), np.array([0.0, 1]), np.array([1e-20, 1, 1e-20]))
    assert ends.tolist() == [1, 3]
    assert quantiles(np.array([1e308, 1.7e308]), half)[0] == 1.35e308


def test_mean_and_deviation():
    rng = np.random.default_rng(0)
    values, weights = rng.normal(1e6, 1e-3, 50), rng.integers(1, 4, 50).astype(float)
    repeated = np.repeat(values, weights.astype(int))
    np.testing.assert_allclose(mean_and_deviation(values, weights), mean_and_deviation(repeated))
    np.testing.assert_allclose(
        mean_and_deviation(repeated), (repeated.mean(), repeated.std()), rtol=1e-12
    )
    assert mean_and_deviation(np.full(7, 0.1), rng.random(7)) == (0.1, 0.0)
    assert mean_and_deviation(np.zeros(3)) == (0, 0)


@pytest.mark.parametrize("unit", [1e-310, 1e-200, 1e200, 1e307])
def test_mean_and_deviation_of_extreme_numbers(unit):
    values = np.array([-1.0, 2, 5])
    mean, deviation = mean_and_deviation(values * unit)
    np.testing.assert_allclose(mean / unit, 2, rtol=1e-7)
    np.testing.assert_allclose(deviation / unit, np.sqrt(6), rtol=1e-7)


def test_smooth_clip():
    x = np.linspace(-10, 10, 101)
    np.testing.assert_allclose(smooth_clip(x), x / np.sqrt(1 + (x / 3) ** 2), rtol=1e-15)
    assert smooth_clip(np.array([-np.inf, -1e200, 1e9, 1e300, np.inf])).tolist() == [
        -3, -3, 3, 3, 3,
    ]  # fmt: skip
    assert np.diff(smooth_clip(np.linspace(-1e4, 1e4, 1001))).min() >= 0
    np.testing.assert_allclose(smooth_clip(np.array([1e-6])), 1e-6, rtol=1e-12)


# -------------------------------------------------------------------------------------------------
# Scaling
# -------------------------------------------------------------------------------------------------


def test_robust_is_scikit_learns_with_the_clip():
    X = np.random.default_rng(0).normal(3, 5, (101, 4))  # the quartiles are values themselves
    expected = smooth_clip(RobustScaler().fit_transform(X))
    found = NumericScaler().fit(X).transform(X, np.float64)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-14)
    assert np.abs(found).max() < 3


def test_robust_falls_back_to_the_range():
    x = np.array([0.0] * 9 + [1, -3])[:, None]
    scaler = NumericScaler().fit(x)
    assert scaler.center[0] == 0
    assert scaler.scale[0] == 2 / 4
    found = unclipped(scaler.transform(x, np.float64))
    np.testing.assert_allclose(found[[0, 9, 10], 0], [0, 0.5, -1.5], rtol=1e-12)


def test_standard_is_scikit_learns():
    X = table()[:, 1:4]
    weights = np.random.default_rng(1).random(len(X)) + 0.1
    for w in (None, weights):
        expected = StandardScaler().fit(X, sample_weight=w).transform(X)
        found = NumericScaler("standard").fit(X, w).transform(X, np.float64)
        np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)


def test_none_changes_nothing():
    X = table()[:, 1:4]
    np.testing.assert_array_equal(NumericScaler(None).fit(X).transform(X, np.float64), X)
    assert NumericScaler(None).fit(np.ones((3, 1))).transform(np.ones((3, 1)))[0, 0] == 1
    extreme = np.array([[5e-324], [-1.7e308]])
    np.testing.assert_array_equal(
        NumericScaler(None).fit(extreme).transform(extreme, np.float64), extreme
    )


@pytest.mark.parametrize("scaling", ["robust", "standard"])
def test_constant_columns_are_zero_for_ever(scaling):
    X = np.array([[0.1, NAN, 5], [0.1, NAN, NAN], [0.1, NAN, 5]])
    scaler = NumericScaler(scaling).fit(X, np.array([0.3, 0.3, 0.4]))
    # The place where a constant is missing says something, that nothing was ever there does not.
    assert scaler.indicated.tolist() == [2]
    assert scaler.transform(X).tolist() == [[0, 0, 0, 0], [0, 0, 0, 1], [0, 0, 0, 0]]
    new = np.array([[7.0, 1, NAN], [-1e308, 1.7e308, 6], [NAN, NAN, -1e9]])
    assert scaler.transform(new).tolist() == [[0, 0, 0, 1], [0, 0, 0, 0], [0, 0, 0, 0]]


def test_missing_values_without_scaling():
    X = np.array([[1.0, NAN], [NAN, NAN], [4.0, NAN], [3.0, NAN]])
    scaler = NumericScaler(None).fit(X)
    assert scaler.imputation.tolist() == [3, 0]
    assert scaler.transform(X).tolist() == [[1, 0, 0], [3, 0, 1], [4, 0, 0], [3, 0, 0]]


@pytest.mark.parametrize("scaling", ["robust", "standard", None])
def test_missing_values_are_the_weighted_median(scaling):
    X, weights = np.array([[1.0], [2], [NAN], [9]]), np.array([1.0, 1, 1, 3])
    scaler = NumericScaler(scaling).fit(X, weights)
    assert scaler.imputation[0] == 9
    found = scaler.transform(np.array([[NAN], [9.0]]), np.float64)
    assert found[0, 0] == found[1, 0]
    assert found[:, 1].tolist() == [1, 0]


@pytest.mark.parametrize("scaling", ["robust", "standard", None])
def test_missing_only_in_prediction(scaling):
    X = table()[:, 1:4]
    scaler = NumericScaler(scaling).fit(X)
    new = X[:5].copy()
    new[1, 0] = new[3, 2] = NAN
    found = scaler.transform(new, np.float64)
    assert found.shape == (5, 3)  # no indicator
    filled = np.where(np.isnan(new), np.median(X, axis=0), new)
    np.testing.assert_array_equal(found, scaler.transform(filled, np.float64))


def test_indicators():
    X = np.array([[1.0, NAN, 2, NAN], [2, 5, 3, 1], [3, 6, NAN, 2]])
    scaler = NumericScaler().fit(X)
    assert scaler.indicated.tolist() == [1, 2, 3]
    assert scaler.transform(X)[:, 4:].tolist() == [[1, 0, 1], [0, 0, 0], [0, 1, 0]]
    assert scaler.transform(np.full((1, 4), NAN))[0, 4:].tolist() == [1, 1, 1]


# -------------------------------------------------------------------------------------------------
# Precision and range
# -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scaling", ["robust", "standard"])
@pytest.mark.parametrize("dtype", [np.int64, np.float64])
def test_integers_beyond_float32_lose_nothing(scaling, dtype):
    x = (np.arange(8) + 2**40).astype(dtype)[:, None]
    assert np.unique(x.astype(np.float32)).size == 1
    found = NumericScaler(scaling).fit(x).transform(x)
    small = np.arange(8.0)[:, None]
    np.testing.assert_array_equal(found, NumericScaler(scaling).fit(small).transform(small))
    assert np.unique(found).size == 8


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.uint8, np.int64, np.bool_])
def test_every_real_dtype(dtype):
    X = np.array([[0, 1, 1], [1, 0, 1], [1, 1, 1]], dtype=dtype)
    for scaling in ("robust", "standard", None):
        expected = NumericScaler(scaling).fit(X.astype(float)).transform(X.astype(float))
        found = NumericScaler(scaling).fit(X).transform(X)
        assert found.dtype == np.float32
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("scaling", ["robust", "standard", None])
def test_infinity_is_refused_by_name(scaling):
    X = table()
    bad = X.copy()
    bad[3, 2] = np.inf
    with pytest.raises(ValueError, match=r"Input X contains infinity in column 2\."):
        NumericScaler(scaling).fit(bad)
    scaler = NumericScaler(scaling).fit(X, labels=list(map(repr, "abcde")))
    bad[3, 2], bad[1, 3] = 0, -np.inf
    with pytest.raises(ValueError, match=r"Input X contains infinity in column 'd'\."):
        scaler.transform(bad)


def test_numbers_beyond_float32():
    x = np.array([[1e39], [2e39], [4e39], [-1e39]])
    for scaling in ("robust", "standard"):
        assert np.isfinite(NumericScaler(scaling).fit(x).transform(x)).all()
    for scaling in ("standard", None):
        scaler = NumericScaler(scaling).fit(x / 1e39)
        assert np.isfinite(scaler.transform(x, np.float64)).all()
        with pytest.raises(ValueError, match=r"too large for float32 in column 0.*" + str(scaling)):
            scaler.transform(x)


@pytest.mark.parametrize("scaling", ["robust", "standard"])
@pytest.mark.parametrize(
    "values",
    [
        [-1.7e308, 1.7e308, 0, 1],
        [-1.7e308] * 3 + [1.7e308] * 3,
        [1.7e308] * 4,
        [0, 5e-324, 1e-323, 1.5e-323],
        [0] * 9 + [5e-324],
        [1, 1 + 2e-16, 1 + 4e-16, 1e300],
    ],
)
def test_extreme_columns_stay_finite(scaling, values):
    x = np.array(values, dtype=float)[:, None]
    scaler = NumericScaler(scaling).fit(x)
    new = np.array([[-1.7e308], [1.7e308], [NAN], [0]])
    assert np.isfinite(scaler.transform(x)).all()
    if scaling == "robust" or np.ptp(x / 2) == 0:
        assert np.isfinite(scaler.transform(new)).all()


# -------------------------------------------------------------------------------------------------
# Properties
# -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scaling", ["robust", "standard", None])
def test_integer_weights_equal_repeated_rows(scaling):
    X = table()
    weights = np.random.default_rng(1).integers(1, 5, len(X))
    weighted = NumericScaler(scaling).fit(X, weights.astype(float))
    repeated = NumericScaler(scaling).fit(np.repeat(X, weights, axis=0))
    np.testing.assert_array_equal(weighted.imputation, repeated.imputation)
    np.testing.assert_array_equal(weighted.indicated, repeated.indicated)
    rtol = 1e-13 if scaling == "standard" else 0  # sums are rounded, quantiles are not
    np.testing.assert_allclose(
        weighted.transform(X, float), repeated.transform(X, float), rtol=rtol, atol=rtol
    )


@pytest.mark.parametrize("scaling", ["robust", "standard", None])
def test_the_order_of_rows_and_columns_does_not_matter(scaling):
    X = table()
    rng = np.random.default_rng(1)
    weights = rng.random(len(X)) + 0.1
    scaler = NumericScaler(scaling).fit(X, weights)
    rows, columns = rng.permutation(len(X)), rng.permutation(X.shape[1])
    other = NumericScaler(scaling).fit(X[rows], weights[rows])
    rtol = 1e-12 if scaling == "standard" else 0
    np.testing.assert_allclose(other.transform(X), scaler.transform(X), rtol=1e-6 if rtol else 0)
    other = NumericScaler(scaling).fit(X[:, columns], weights)
    np.testing.assert_array_equal(
        other.transform(X[:, columns])[:, :5], scaler.transform(X)[:, columns]
    )


@pytest.mark.parametrize("scaling", ["robust", "standard", None])
def test_each_row_alone_is_as_in_the_table(scaling):
    X = np.vstack([table(30_000), table(7, seed=3)])  # more than one piece
    scaler = NumericScaler(scaling).fit(X)
    found = scaler.transform(X)
    assert found.flags.c_contiguous
    for row in (0, 1, 6553, 6554, 29_999, 30_006):
        np.testing.assert_array_equal(scaler.transform(X[row : row + 1]), found[row : row + 1])
    np.testing.assert_array_equal(scaler.transform(np.asfortranarray(X)), found)


def test_input_is_not_changed():
    X = table()
    before = X.copy()
    X.flags.writeable = False
    for scaling in ("robust", "standard", None):
        NumericScaler(scaling).fit(X).transform(X, np.float64)
    np.testing.assert_array_equal(X, before)


def test_no_columns_and_no_rows():
    scaler = NumericScaler().fit(np.empty((3, 0)))
    assert scaler.transform(np.empty((3, 0))).shape == (3, 0)
    assert NumericScaler().fit(table()).transform(table()[:0]).shape == (0, 7)


def test_one_row():
    X = np.array([[3.0, NAN]])
    for scaling in ("robust", "standard"):
        assert NumericScaler(scaling).fit(X).transform(X).tolist() == [[0, 0]]


def test_unknown_scaling():
    with pytest.raises(ValueError, match=r"scaling must be one of .*'robust'.* got 'minmax'"):
        NumericScaler("minmax")


def test_percentiles_are_of_what_is_known():
    X = np.array([[3.0, np.nan, 5.0], [1.0, np.nan, np.nan], [2.0, np.nan, 5.0]])
    percentiles = NumericScaler().fit(X).percentiles
    expected = np.quantile([1, 2, 3], np.linspace(0, 1, 101), method="averaged_inverted_cdf")
    np.testing.assert_array_equal(percentiles[0], expected)
    assert np.isnan(percentiles[1]).all()
    assert (percentiles[2] == 5).all()
    weighted = NumericScaler().fit(X, np.array([1.0, 2.0, 1.0])).percentiles
    repeated = NumericScaler().fit(X[[0, 1, 1, 2]]).percentiles
    np.testing.assert_array_equal(weighted, repeated)

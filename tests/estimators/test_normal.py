"""The loss "normal": means and standard deviations, their mixture, calibration and intervals."""

from functools import partial

import numpy as np
import pytest
from mlp import mlp_regressor
from scipy.stats import norm
from sklearn.base import clone
from sklearn.datasets import load_diabetes
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler, scale

from skdnn import DNNRegressor
from skdnn.metrics import (
    crps_normal,
    crps_scorer,
    interval_coverage,
    log_likelihood_normal,
    log_likelihood_scorer,
)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

LEAST = 1e-3


def noisy(n_rows=400, seed=0):
    """Noise that depends on the second column."""
    rng = np.random.default_rng(seed)
    X = rng.uniform(-1, 1, (n_rows, 2))
    deviation = 0.1 + 0.8 * (X[:, 1] > 0)
    return X, 2 * X[:, 0] + deviation * rng.normal(size=n_rows), deviation


def diabetes():
    X, y = load_diabetes(return_X_y=True)
    return scale(X[:150, :4]), y[:150]


exact = partial(
    mlp_regressor, (), loss="normal", solver="lbfgs", alpha=0.0, tol=1e-10, max_iter=2000,
    random_state=0, dtype="float64",
)  # fmt: skip


def test_of_no_columns_it_is_mean_and_standard_deviation_of_the_targets():
    _, y = diabetes()
    weights = np.random.default_rng(0).uniform(0, 2, len(y))
    model = exact(target_scaling="standard").fit(np.zeros((150, 1)), y, sample_weight=weights)
    mean, std = model.predict(np.zeros((1, 1)), return_std=True)
    expected = np.average(y, weights=weights)
    assert mean[0] == pytest.approx(expected, rel=1e-5)
    expected = np.sqrt(np.average((y - expected) ** 2, weights=weights))
    assert std[0] == pytest.approx(expected, rel=1e-4)


def test_in_two_groups_each_has_its_own():
    """A regression of mean and logarithm of the standard deviation on a group has a closed form."""
    rng = np.random.default_rng(0)
    group = np.arange(300) % 2
    y = rng.normal(size=300) * np.where(group, 3.0, 0.5) + group
    mean, std = exact().fit(group[:, None], y).predict([[0], [1]], return_std=True)
    np.testing.assert_allclose(mean, [y[group == g].mean() for g in (0, 1)], atol=1e-4)
    np.testing.assert_allclose(std, [y[group == g].std() for g in (0, 1)], rtol=1e-4)


def test_the_loss_is_minus_the_log_likelihood():
    X, y, _ = noisy()
    model = mlp_regressor((8,), loss="normal", max_iter=20, random_state=0, dtype="float64")
    model.set_params(alpha=0.0, batch_size=400).fit(X, y, X_val=X, y_val=y)
    mean, std = model.predict(X, return_std=True)
    expected = log_likelihood_normal(y, mean, std)
    assert -model.validation_loss_curve_[-1] == pytest.approx(expected, rel=1e-9)
    assert log_likelihood_scorer(model, X, y) == expected


def test_a_standard_deviation_that_follows_the_noise():
    X, y, deviation = noisy()
    model = DNNRegressor((32,), loss="normal", random_state=0).fit(X, y)
    X, y, deviation = noisy(1000, seed=1)
    mean, std = model.predict(X, return_std=True)
    low, high = (std[deviation == noise].mean() for noise in np.unique(deviation))
    assert low < 0.25
    assert high == pytest.approx(0.9, rel=0.2)
    equal = np.full(1000, np.sqrt(np.mean((y - mean) ** 2)))
    assert log_likelihood_normal(y, mean, std) > log_likelihood_normal(y, mean, equal) + 0.3
    assert crps_normal(y, mean, std) < crps_normal(y, mean, equal)
    assert model.out_activation_ == "normal"
    assert model.n_outputs_ == 1


def test_the_prediction_is_the_mixture_of_the_members():
    X, y, _ = noisy()
    Y = np.column_stack([y, 5 - y])
    model = DNNRegressor((8,), loss="normal", max_iter=3, random_state=0, dtype="float64")
    model.fit(X, Y)
    assert np.ptp(model.member_weights_) > 0
    raw = model._member_raw(X)
    means, variances = raw[..., ::2], (np.exp(raw[..., 1::2]) + LEAST) ** 2
    weights = model.member_weights_[:, None, None]
    mean = (weights * means).sum(axis=0)
    variance = (weights * (variances + (means - mean) ** 2)).sum(axis=0)
    predicted, std = model.predict(X, return_std=True)
    assert predicted.shape == std.shape == Y.shape
    scaler = model._task.scaler
    expected = np.clip(mean * scaler.scale + scaler.mean, scaler.low, scaler.high)
    np.testing.assert_allclose(predicted, expected, rtol=1e-9)
    np.testing.assert_allclose(std, np.sqrt(variance) * scaler.scale, rtol=1e-9)
    np.testing.assert_array_equal(model.predict(X), predicted)


def test_in_units_of_the_target():
    X, y, _ = noisy()
    params = {"loss": "normal", "max_iter": 3, "random_state": 0}
    mean, std = DNNRegressor((8,), **params).fit(X, y).predict(X, return_std=True)
    other = DNNRegressor((8,), **params).fit(X, 2.0**20 * y).predict(X, return_std=True)
    np.testing.assert_allclose(other[0], 2.0**20 * mean, rtol=1e-12)
    np.testing.assert_allclose(other[1], 2.0**20 * std, rtol=1e-12)


@pytest.mark.parametrize("unit", [1e-300, 1e300])
def test_extreme_units(unit):
    X, y, _ = noisy(120)
    model = DNNRegressor((8,), loss="normal", max_iter=2, random_state=0).fit(X, unit * y)
    mean, std = model.predict(X, return_std=True)
    assert (std > 0).all()
    assert np.isfinite([mean, std, *model.predict_interval(X, 0.5).T]).all()


def test_targets_without_noise():
    """The likelihood has no maximum; the standard deviation has a least value."""
    X, _, _ = noisy()
    model = DNNRegressor((32,), loss="normal", random_state=0).fit(X, X[:, 0])
    mean, std = model.predict(X, return_std=True)
    assert model.score(X, X[:, 0]) > 0.99
    assert (std >= LEAST * X[:, 0].std()).all()
    assert std.mean() < 0.2
    constant = DNNRegressor((8,), loss="normal", max_iter=2, random_state=0).fit(X, np.ones(400))
    mean, std = constant.predict(X, return_std=True)
    np.testing.assert_array_equal(mean, 1)
    assert np.isfinite(std).all()


def test_held_out_rows_scale_the_standard_deviation():
    """Of each target, and of a single member by the whole factor."""
    X, y, _ = noisy()
    Y = np.column_stack([y, y[::-1]])
    X_val, Y_val = X[::2], Y[::2] * [4, 1] + [0, 7]
    model = DNNRegressor(
        (8,), loss="normal", n_members=1, max_iter=5, random_state=0, dtype="float64",
        early_stopping=True, scoring=lambda estimator, X, y: 0.0,
    ).fit(X[1::2], Y[1::2], X_val=X_val, y_val=Y_val)  # fmt: skip
    raw = model._predict_raw(X_val)
    targets = (Y_val - Y[1::2].mean(axis=0)) / Y[1::2].std(axis=0)
    for j in range(2):

        def loss(shift, j=j):
            own = np.exp(raw[:, 2 * j + 1] + shift) + LEAST
            return -norm.logpdf(targets[:, j], raw[:, 2 * j], own).mean()

        if j == 0:
            assert loss(0) < min(loss(0.1), loss(-0.1))
        else:  # four is the largest factor, and errors are larger
            assert loss(0.1) < loss(0)


def test_intervals_are_multiples_of_the_standard_deviation():
    X, y, _ = noisy(800)
    model = DNNRegressor((32,), loss="normal", random_state=0).fit(X[:400], y[:400])
    model.conformalize(X[400:], y[400:])
    X_test, y_test, _ = noisy(2000, seed=1)
    interval = model.predict_interval(X_test, 0.8)
    mean, std = model.predict(X_test, return_std=True)
    ratio = (interval[:, 1] - mean) / std
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-6)
    np.testing.assert_allclose(interval.mean(axis=1), mean, atol=1e-6)
    errors = np.sort(
        np.abs(y[400:] - model.predict(X[400:])) / model.predict(X[400:], return_std=True)[1]
    )
    assert ratio[0] == pytest.approx(errors[int(np.ceil(0.8 * 401)) - 1], rel=1e-5)
    assert interval_coverage(y_test, interval) == pytest.approx(0.8, abs=0.04)


def test_an_integer_weight_is_so_many_rows():
    X, y, _ = noisy(150)
    times = np.random.default_rng(1).integers(0, 4, 150)
    params = {"loss": "normal", "alpha": 0.5, "max_iter": 8, "random_state": 0, "dtype": "float64",
              "clip_norm": 1.0}  # fmt: skip
    repeated = mlp_regressor((6,), batch_size=int(times.sum()), **params).fit(
        X.repeat(times, axis=0), y.repeat(times)
    )
    weighted = mlp_regressor((6,), batch_size=int((times > 0).sum()), **params).fit(
        X, y, sample_weight=times
    )
    for a, b in zip(*(m.predict(X, return_std=True) for m in (weighted, repeated)), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-7, atol=1e-9)


def test_the_mean_is_monotonic_and_the_standard_deviation_is_free():
    X, y, _ = noisy()
    noise = np.random.default_rng(2).normal(size=400)
    y = X[:, 0] + (0.5 - 0.45 * X[:, 0]) * noise  # less noise where the mean is larger
    model = DNNRegressor(
        (16,), loss="normal", monotonic_cst=[1, 0], random_state=0, dtype="float64"
    )
    grid = np.column_stack([np.linspace(-1, 1, 200), np.zeros(200)])
    mean, std = model.fit(X, y).predict(grid, return_std=True)
    assert (np.diff(mean) >= 0).all()
    assert std[-1] < std[0] / 2


def test_gradients_are_limited_by_default():
    X, y, _ = noisy(200)
    params = {"loss": "normal", "max_iter": 2, "random_state": 0, "n_members": 1}
    auto, one, free = (
        DNNRegressor((8,), clip_norm=norm, **params).fit(X, y)._predict_raw(X)
        for norm in ("auto", 1.0, np.inf)
    )
    np.testing.assert_array_equal(auto, one)
    assert (auto != free).any()
    params["loss"] = "squared_error"
    auto, free = (
        DNNRegressor((8,), clip_norm=norm, **params).fit(X, y)._predict_raw(X)
        for norm in ("auto", np.inf)
    )
    np.testing.assert_array_equal(auto, free)


def test_scorers_in_a_pipeline():
    X, y, _ = noisy(150)
    model = make_pipeline(
        StandardScaler(), DNNRegressor((4,), loss="normal", max_iter=2, random_state=0)
    )
    for scorer, metric in (
        (log_likelihood_scorer, log_likelihood_normal), (crps_scorer, lambda *a: -crps_normal(*a))
    ):  # fmt: skip
        scores = cross_val_score(model, X, y, scoring=scorer, cv=2)
        found = clone(model).fit(X[75:], y[75:])
        expected = metric(y[:75], *found.predict(X[:75], return_std=True))
        assert scores[0] == pytest.approx(expected, rel=1e-12)
    squared = DNNRegressor((4,), max_iter=1, random_state=0).fit(X, y)
    with pytest.raises(ValueError, match=r"log_likelihood_scorer needs .* not 'squared_error'"):
        log_likelihood_scorer(squared, X, y)


def test_it_chooses_the_epoch_as_a_score():
    X, y, _ = noisy(200)
    model = DNNRegressor(
        (8,), loss="normal", scoring=log_likelihood_scorer, n_members=1, max_iter=4,
        early_stopping=True, random_state=0,
    ).fit(X[:150], y[:150], X_val=X[150:], y_val=y[150:])  # fmt: skip
    assert model.best_validation_score_ == max(model.validation_scores_)


def test_a_missing_target_is_refused():
    X, y, _ = noisy(50)
    y[3] = np.nan
    with pytest.raises(ValueError, match=r"y contains NaN.* row 3"):
        DNNRegressor(loss="normal").fit(X, y)


def test_partial_fit_goes_on():
    X, y, _ = noisy(200)
    model = DNNRegressor((8,), loss="normal", random_state=0, learning_rate="constant")
    for _ in range(20):
        model.partial_fit(X, y)
    assert model.loss_curve_[-1] < model.loss_curve_[0] - 0.3
    assert (model.predict(X, return_std=True)[1] > 0).all()

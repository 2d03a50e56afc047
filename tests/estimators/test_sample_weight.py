"""Weights of rows: 0 is absent, 2 is twice, and a batch counts by what it weighs."""

import numpy as np
import pandas as pd
import pytest
from mlp import mlp
from scipy.special import expit
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.metrics import r2_score
from sklearn.preprocessing import scale

from skdnn import DNNClassifier, DNNRegressor
from skdnn.estimators import _fit

pytestmark = pytest.mark.filterwarnings(
    "ignore:Stochastic Optimizer. Maximum iterations:sklearn.exceptions.ConvergenceWarning"
)

CLASSES = [DNNClassifier, DNNRegressor]
SOLVERS = ["adam", "adamw", "sgd", "rmsprop"]


def data(cls):
    X, y = (load_iris if cls is DNNClassifier else load_diabetes)(return_X_y=True)
    rows = np.random.default_rng(0).permutation(len(X))[:120]
    return scale(X[rows]), y[rows] if cls is DNNClassifier else scale(y[rows])


def make(cls, **params):
    defaults = {"learning_rate_init": 0.01, "max_iter": 8, "batch_size": 16, "random_state": 0,
                "dtype": "float64"}  # fmt: skip
    return mlp(cls, (8,), **{**defaults, **params})


def raw(model, X):
    return model.decision_function(X) if isinstance(model, DNNClassifier) else model.predict(X)


@pytest.mark.parametrize(
    "params", [{"solver": s} for s in SOLVERS] + [{"early_stopping": True}, {"dropout": 0.2}]
)
@pytest.mark.parametrize("cls", CLASSES)
def test_zero_is_a_removed_row_to_the_bit(cls, params):
    """Also with mini-batches, a hold-out and dropout: the row takes part in nothing."""
    X, y = data(cls)
    rng = np.random.default_rng(0)
    weights = rng.uniform(0.5, 2, len(y)) * (rng.random(len(y)) > 0.3)
    keep = weights > 0
    assert 0 < keep.sum() < len(y)
    weighted = make(cls, **params).fit(X, y, sample_weight=weights)
    removed = make(cls, **params).fit(X[keep], y[keep], sample_weight=weights[keep])
    np.testing.assert_array_equal(raw(weighted, X), raw(removed, X))
    assert weighted.loss_curve_ == removed.loss_curve_
    assert weighted.validation_scores_ == removed.validation_scores_
    assert weighted.t_ == removed.t_


@pytest.mark.parametrize("value", [1e300, -1e300])
@pytest.mark.parametrize("cls", CLASSES)
def test_values_in_a_row_of_weight_zero_do_not_matter(cls, value):
    X, y = data(cls)
    weights = np.ones(len(y))
    weights[5] = 0
    expected = raw(make(cls).fit(X, y, sample_weight=weights), X)
    X_odd, y_odd = X.copy(), y.copy()
    X_odd[5] = value
    y_odd[5] = y[6]
    np.testing.assert_array_equal(
        raw(make(cls).fit(X_odd, y_odd, sample_weight=weights), X), expected
    )


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("cls", CLASSES)
def test_an_integer_is_so_many_rows(cls, solver):
    X, y = data(cls)
    times = np.random.default_rng(1).integers(0, 4, len(y))
    params = {"solver": solver, "alpha": 0.5}
    repeated = make(cls, batch_size=int(times.sum()), **params).fit(
        X.repeat(times, axis=0), y.repeat(times)
    )
    weighted = make(cls, batch_size=int((times > 0).sum()), **params).fit(X, y, sample_weight=times)
    np.testing.assert_allclose(raw(weighted, X), raw(repeated, X), rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(weighted.loss_curve_, repeated.loss_curve_, rtol=1e-10)


@pytest.mark.parametrize("cls", CLASSES)
def test_ones_are_no_weights_to_the_bit(cls):
    X, y = data(cls)
    for params in ({}, {"early_stopping": True}, {"dtype": "float32"}):
        a = make(cls, **params).fit(X, y)
        b = make(cls, **params).fit(X, y, sample_weight=np.ones(len(y)))
        np.testing.assert_array_equal(raw(a, X), raw(b, X))
        assert a.validation_scores_ == b.validation_scores_


@pytest.mark.parametrize(("factor", "rtol"), [(4.0, 0), (0.125, 0), (3.7, 1e-7), (1e-9, 1e-7)])
@pytest.mark.parametrize("cls", CLASSES)
def test_a_common_factor_of_weights_and_penalty_changes_nothing(cls, factor, rtol):
    """The objective is only multiplied by it; powers of two leave every bit."""
    X, y = data(cls)
    weights = np.random.default_rng(0).uniform(0.2, 3, len(y))
    one = make(cls, alpha=5.0).fit(X, y, sample_weight=weights)
    other = make(cls, alpha=5.0 * factor).fit(X, y, sample_weight=weights * factor)
    np.testing.assert_allclose(raw(other, X), raw(one, X), rtol=rtol, atol=rtol)
    # Without the penalty the factor alone changes nothing either; with it, it does.
    scaled = make(cls, alpha=5.0).fit(X, y, sample_weight=weights * factor)
    assert np.abs(raw(scaled, X) - raw(one, X)).max() > 1e-3


@pytest.mark.parametrize("cls", CLASSES)
def test_containers_and_dtypes(cls):
    X, y = data(cls)
    weights = np.random.default_rng(0).integers(1, 5, len(y)) / 4
    expected = raw(make(cls).fit(X, y, sample_weight=weights), X)
    assert np.abs(expected - raw(make(cls).fit(X, y), X)).max() > 1e-3
    for same in (
        weights.tolist(),
        weights.astype(np.float32),
        pd.Series(weights, index=np.arange(len(y))[::-1]),
        weights.astype(">f8"),
        np.repeat(weights, 2)[::2],
    ):
        np.testing.assert_array_equal(raw(make(cls).fit(X, y, sample_weight=same), X), expected)


@pytest.mark.parametrize("cls", CLASSES)
def test_weights_and_data_are_not_changed(cls):
    X, y = data(cls)
    weights = np.random.default_rng(0).integers(0, 3, len(y)).astype(float)
    before = X.copy(), y.copy(), weights.copy()
    make(cls, early_stopping=True).fit(X, y, sample_weight=weights)
    for a, b in zip((X, y, weights), before, strict=True):
        np.testing.assert_array_equal(a, b)


def one_epoch_of_sgd(X, y, weights, start, *, batch_size, rate, alpha, link):
    """Plain gradient descent whose objective is divided by the data set, not by the batch."""
    coef, intercept = start
    mean = weights.mean()
    for first in range(0, len(X), batch_size):
        rows = slice(first, first + batch_size)
        n = len(X[rows])
        error = link(X[rows] @ coef + intercept) - y[rows]
        coef, intercept = (
            coef - rate * ((weights[rows] * error) @ X[rows] + alpha * coef) / (n * mean),
            intercept - rate * (weights[rows] * error).sum() / (n * mean),
        )
    return coef, intercept


@pytest.mark.parametrize(("cls", "link"), [(DNNRegressor, lambda z: z), (DNNClassifier, expit)])
@pytest.mark.parametrize("n_rows", [6, 8])  # the second has a smaller last batch
def test_a_batch_of_light_rows_moves_little(cls, link, n_rows):
    """Weights [100, 100, 100, 1, 1, 1]: the second step is a hundredth of the first.

    Divided by the weights of its own batch it would be as long as the first.
    """
    X, y = load_breast_cancer(return_X_y=True)
    X, y = scale(X)[15:15 + n_rows, :4], y[15:15 + n_rows].astype(float)  # fmt: skip
    assert 0 < y.mean() < 1
    weights = np.array([100.0, 100, 100, 1, 1, 1, 1, 1])[:n_rows]
    sgd = {
        "hidden_layer_sizes": (), "solver": "sgd", "momentum": 0.0, "nesterovs_momentum": False,
        "batch_size": 3, "shuffle": False, "random_state": 0, "dtype": "float64", "tol": 0.0,
    }  # fmt: skip
    fits = {}
    for epochs, rate in ((1, 1e-300), (1, 0.5)):
        model = mlp(cls, learning_rate_init=rate, max_iter=epochs, alpha=0.3, **sgd)
        model.fit(X, y, sample_weight=weights)
        fits[rate] = model.coefs_[0][:, 0].copy(), model.intercepts_[0][0]
    coef, intercept = one_epoch_of_sgd(
        X, y, weights, fits[1e-300], batch_size=3, rate=0.5, alpha=0.3, link=link
    )
    np.testing.assert_allclose(fits[0.5][0], coef, rtol=1e-9)
    np.testing.assert_allclose(fits[0.5][1], intercept, rtol=1e-9)


@pytest.mark.parametrize("cls", CLASSES)
def test_the_held_out_score_is_weighted(cls, monkeypatch):
    """A held-out row counts by its weight: tiny weights on the rest leave the score of few."""
    X, y = data(cls)
    weights = np.where(np.arange(len(y)) % 2, 1.0, 1e-6)
    model = make(cls, early_stopping=True, validation_fraction=0.5).fit(X, y, sample_weight=weights)
    # The same split and weights: recomputed from the estimator's own split.
    kept, split_data = [], _fit.split_data

    def spy(*args):
        kept.extend(split_data(*args))
        return kept

    monkeypatch.setattr(_fit, "split_data", spy)
    again = clone(model).fit(X, y, sample_weight=weights)
    _, y_held, w_held, rows = kept[0].held_out
    X_held = X[rows]
    assert len(set(w_held)) == 2
    if cls is DNNClassifier:
        expected = np.average(model.predict(X_held) == y_held, weights=w_held)
    else:
        expected = r2_score(y_held, model.predict(X_held), sample_weight=w_held)
    assert again.best_validation_score_ == model.best_validation_score_
    assert model.best_validation_score_ == pytest.approx(expected, rel=1e-9)
    assert model.score(X_held, y_held) != pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("weight", [1e-300, 1e300, 1.5e308])
@pytest.mark.parametrize("cls", CLASSES)
def test_only_ratios_of_weights_matter_without_penalty(cls, weight):
    """However small or large they are, even if their sum is more than the largest float."""
    X, y = data(cls)
    expected = raw(make(cls, alpha=0.0).fit(X, y), X)
    many = make(cls, alpha=0.0).fit(X, y, sample_weight=np.full(len(y), weight))
    np.testing.assert_allclose(raw(many, X), expected, rtol=1e-7)

"""Targets of the regressor: one, several, columns; and what it minimizes."""

import numpy as np
import pandas as pd
import pytest
from mlp import mlp_regressor
from sklearn.datasets import load_diabetes, load_linnerud
from sklearn.exceptions import DataConversionWarning
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.metrics import r2_score
from sklearn.preprocessing import scale

pytestmark = pytest.mark.filterwarnings(
    "ignore:Stochastic Optimizer. Maximum iterations:sklearn.exceptions.ConvergenceWarning"
)


def regressor(sizes=(16,), **params):
    defaults = {"learning_rate_init": 0.02, "max_iter": 40, "batch_size": 64, "random_state": 0}
    return mlp_regressor(sizes, **{**defaults, **params})


def diabetes():
    X, y = load_diabetes(return_X_y=True)
    return scale(X), scale(y)


def linnerud():
    X, Y = load_linnerud(return_X_y=True)
    return scale(X), scale(Y)


def test_one_target():
    X, y = diabetes()
    model = regressor().fit(X, y)
    assert model.predict(X).shape == y.shape
    assert model.predict(X).dtype == np.float64
    assert model.n_outputs_ == 1
    assert model.out_activation_ == "identity"
    assert model.score(X, y) == r2_score(y, model.predict(X)) > 0.5


@pytest.mark.parametrize("container", [np.asarray, pd.DataFrame, np.ndarray.tolist])
def test_several_targets(container):
    X, Y = linnerud()
    model = regressor(max_iter=200, batch_size=20).fit(X, container(Y))
    assert model.predict(X).shape == Y.shape
    assert model.n_outputs_ == 3
    assert model.coefs_[-1].shape == (16, 3)
    # Each column is predicted, and in its place.
    assert min(r2_score(Y, model.predict(X), multioutput="raw_values")) > 0.5
    assert model.score(X, Y) == r2_score(Y, model.predict(X))


def test_order_of_targets_is_that_of_the_columns():
    X, Y = linnerud()
    params = {"max_iter": 2000, "batch_size": 20, "tol": 0.0, "alpha": 1.0, "n_iter_no_change": 50}
    both = regressor((), **params).fit(X, Y)
    for column in range(3):
        alone = regressor((), **params).fit(X, Y[:, column])
        np.testing.assert_allclose(both.predict(X)[:, column], alone.predict(X), atol=1e-3)


def test_column_vector_warns_and_gives_one_dimensional_predictions():
    X, y = diabetes()
    with pytest.warns(DataConversionWarning, match="column-vector y was passed") as caught:
        column = regressor().fit(X, y.reshape(-1, 1))
    assert [w.category for w in caught].count(DataConversionWarning) == 1
    assert column.predict(X).shape == y.shape
    np.testing.assert_array_equal(column.predict(X), regressor().fit(X, y).predict(X))


@pytest.mark.parametrize("kind", ["int64", "int8", "bool", "float32", "Int64", "Float32"])
def test_dtype_of_targets(kind):
    """Numbers are numbers."""
    X, y = diabetes()
    y = (y > 0).astype(np.int64)
    y_kind = pd.Series(y).astype(kind) if kind[0].isupper() else y.astype(kind)
    model = regressor().fit(X, y_kind)
    np.testing.assert_array_equal(model.predict(X), regressor().fit(X, y.astype(float)).predict(X))


def full_batch(n_rows, **params):
    return mlp_regressor(
        (), solver="sgd", learning_rate_init=0.1, batch_size=n_rows, max_iter=5000, tol=1e-14,
        n_iter_no_change=50, random_state=0, dtype="float64", **params,
    )  # fmt: skip


def separated():
    """Diabetes without the two columns that nearly repeat others."""
    X, y = diabetes()
    return np.delete(X, [4, 5], axis=1), y


@pytest.mark.parametrize("alpha", [1.0, 50.0])
def test_a_network_without_hidden_layer_is_ridge(alpha):
    """The same objective: squared errors and ``alpha`` times squared weights, not intercepts."""
    X, y = separated()
    y = y + 3
    model = full_batch(len(X), alpha=alpha).fit(X, y)
    reference = Ridge(alpha=alpha).fit(X, y)
    np.testing.assert_allclose(model.coefs_[0][:, 0], reference.coef_, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(model.intercepts_[0], reference.intercept_, rtol=1e-3)


def test_without_penalty_it_is_least_squares_for_several_targets():
    X, Y = linnerud()
    model = full_batch(len(X), alpha=0.0).fit(X, Y)
    reference = LinearRegression().fit(X, Y)
    np.testing.assert_allclose(model.coefs_[0].T, reference.coef_, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(model.predict(X), reference.predict(X), atol=1e-3)


def test_weighted_network_without_hidden_layer_is_weighted_ridge():
    X, y = separated()
    weights = np.random.default_rng(0).uniform(0, 5, len(y))
    model = full_batch(len(X), alpha=10.0).fit(X, y, sample_weight=weights)
    reference = Ridge(alpha=10.0).fit(X, y, sample_weight=weights)
    np.testing.assert_allclose(model.coefs_[0][:, 0], reference.coef_, rtol=1e-3, atol=1e-4)


def test_loss_is_half_the_squared_error_summed_over_the_targets():
    X, Y = linnerud()
    params = {"batch_size": 20, "alpha": 0.5, "shuffle": False}
    before = regressor(max_iter=5, **params).fit(X, Y)
    after = regressor(max_iter=6, **params).fit(X, Y)
    penalty = 0.5 * 0.5 * sum((w**2).sum() for w in before.coefs_) / len(X)
    expected = 0.5 * ((before.predict(X) - Y) ** 2).sum() / len(X) + penalty
    assert after.loss_ == pytest.approx(expected, rel=1e-10)

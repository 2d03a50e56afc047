"""What a user of the defaults may meet."""

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import TimeSeriesSplit
from threadpoolctl import threadpool_limits

from skdnn import DNNClassifier, DNNRegressor, PiecewiseLinear


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(240, 3))
    return X, 3 * X[:, 0] + np.sin(3 * X[:, 1])


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
@pytest.mark.parametrize("schedule", ["constant", "coslog4"])
def test_members_with_different_numbers_of_rows_take_all_their_steps(data, schedule):
    model = DNNRegressor(
        (8,), max_iter=3, batch_size=10, learning_rate=schedule, regularization_schedule="constant",
        early_stopping=True, validation_fraction=TimeSeriesSplit(5), random_state=0,
    )  # fmt: skip
    model.fit(*data)
    assert model._progress.step.ravel().tolist() == [3 * n for n in (20, 16, 12, 8)]


def test_threads_of_blas_change_no_bit(data):
    X, y = (np.tile(each, (6, 1)[: each.ndim]) for each in data)
    values = []
    for n_threads in (1, 2):
        with threadpool_limits(n_threads):
            model = DNNRegressor(max_iter=1, dtype="float32", random_state=0).fit(X, y)
        values.append(model._network.values)
    np.testing.assert_array_equal(*values)


def test_settings_may_change_after_a_fit(data):
    X, y = data
    model = DNNRegressor((8,), numeric_embedding=PiecewiseLinear(16), max_iter=2, random_state=0)
    before = model.fit(X, y).predict(X)
    model.set_params(numeric_embedding__n_bins=8)
    np.testing.assert_array_equal(model.predict(X), before)


def test_predictions_reach_the_targets_of_later_calls(data):
    X, y = data
    model = DNNRegressor((32,), dropout=0.0, random_state=0)
    order = np.argsort(y)
    model.partial_fit(X[order[:120]], y[order[:120]])
    for _ in range(60):
        model.partial_fit(X, y)
    assert model.predict(X).max() > y[order[120]] + 1
    assert model.predict(100 * X).max() <= y.max()


def test_the_score_is_that_of_predictions_in_their_range(data):
    X, y = data
    model = DNNRegressor((8,), max_iter=4, random_state=0).fit(X, y, X_val=3 * X, y_val=3 * y)
    assert model.best_validation_score_ == pytest.approx(model.score(3 * X, 3 * y), rel=1e-5)


@pytest.mark.parametrize("cls", [DNNClassifier, DNNRegressor])
def test_arrays_of_members_that_differ_can_be_set(data, cls):
    X, y = data
    model = cls((8,), max_iter=1, random_state=0).fit(X, y > 0)
    before = model.predict(X)
    model.coefs_ = [[weight * 1 for weight in layer] for layer in model.coefs_]
    np.testing.assert_array_equal(model.predict(X), before)
    model.coefs_[0][1][...] = 0
    assert not model.coefs_[0][1].any()
    with pytest.raises(ValueError, match="Expected"):
        model.coefs_ = model.coefs_[:1]


@pytest.mark.parametrize("labels", [[0] * 149 + [1], np.minimum(np.arange(150), 70)])
def test_rare_classes_are_fitted(data, labels):
    """Also with early stopping: what is alone in its class is trained on."""
    X, _ = data
    model = DNNClassifier((8,), max_iter=2, random_state=0).fit(X[:150], labels)
    assert model.do_early_stopping_
    assert model.classes_.size == len(set(labels))
    same = DNNClassifier((8,), max_iter=2, early_stopping=True, random_state=0)
    np.testing.assert_array_equal(same.fit(X[:150], labels).coefs_[0][0], model.coefs_[0][0])


def test_a_table_of_one_constant_category():
    X, y = pd.DataFrame({"a": ["x"] * 4}), ["no", "yes", "no", "no"]
    model = DNNClassifier(random_state=0).fit(X, y)
    assert model.predict(pd.DataFrame({"a": ["x", "unknown"]}))[0] == "no"
    proba = model.predict_proba(X)
    assert (proba == proba[0]).all()

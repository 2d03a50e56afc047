"""Parameters that depend on the number of training rows."""

import numpy as np
import pytest
from mlp import mlp

from skdnn import DNNClassifier, DNNRegressor
from skdnn.training import settings
from skdnn.training.settings import batch_size_for, dropout_for, epochs_for

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

each_class = pytest.mark.parametrize("cls", [DNNClassifier, DNNRegressor])


def data(n_rows):
    X = np.random.default_rng(0).normal(size=(n_rows, 3))
    return X, (X[:, 0] > 0).astype(int)


def make(cls, **params):
    return mlp(cls, (4,), **{"random_state": 0, "n_iter_no_change": np.inf, **params})


def steps(model):
    return int(model._progress.step[0, 0])


@each_class
def test_batches_are_all_rows_of_small_data_and_grow_with_the_rows(cls):
    rows = [1, 100, 101, 3_000, 3_001, 30_000, 30_001, 100_000, 100_001, 10**7]
    sizes = [batch_size_for(n) for n in rows]
    assert sizes[:2] == [1, 100]
    assert sizes[2:] == [64, 64, 128, 128, 256, 256, 512, 512]
    for n_rows, n_steps in ((100, 1), (101, 2), (200, 4)):
        model = make(cls, batch_size="by_rows", max_iter=1).fit(*data(n_rows))
        assert steps(model) == n_steps
        fixed = make(cls, batch_size=min(n_rows, batch_size_for(n_rows)), max_iter=1)
        np.testing.assert_array_equal(fixed.fit(*data(n_rows)).coefs_[0], model.coefs_[0])


def test_epochs_of_few_of_many_and_of_very_many_rows():
    rows = [
        1,
        2_000,
        2_001,
        4_500,
        6_000,
        6_300,
        12_000,
        12_001,
        20_000,
        20_001,
        30_000,
        60_000,
        100_000,
        150_000,
        10**7,
    ]
    epochs = [60, 60, 60, 31, 25, 24, 24, 40, 40, 60, 60, 17, 7, 6, 6]
    assert [epochs_for(n) for n in rows] == epochs


@each_class
@pytest.mark.parametrize("solver", ["adam", "adamw", "rmsprop", "sgd"])
def test_learning_rate_by_rows(cls, solver):
    few, many = (0.001, 0.001) if solver == "sgd" else (0.015, 0.01)
    X, y = data(120)
    rates = []
    for factor in (1, 101):
        model = make(cls, learning_rate_init="auto", solver=solver, learning_rate="constant")
        model.set_params(max_iter=1).fit(np.tile(X, (factor, 1)), np.tile(y, factor))
        rates.append(model.history_["learning_rate"][0])
    assert rates == [few, many]
    model = make(cls, learning_rate_init="auto", solver=solver, learning_rate="constant")
    model.partial_fit(X, y, **({"classes": np.unique(y)} if cls is DNNClassifier else {}))
    assert model.history_["learning_rate"] == [many]
    given = make(cls, learning_rate_init=0.003, solver=solver, learning_rate="constant", max_iter=1)
    assert given.fit(X, y).history_["learning_rate"] == [0.003]


@each_class
def test_epochs_by_rows(cls, monkeypatch):
    assert make(cls, max_iter="auto").fit(*data(120)).n_iter_ == 60
    monkeypatch.setattr(settings, "EPOCHS", ((np.inf, (60, 30, 0.5, 6)),))
    assert make(cls, max_iter="auto").fit(*data(120)).n_iter_ == 30
    # The rows that are trained on count.
    held_out = make(cls, max_iter="auto", early_stopping=True, validation_fraction=0.5)
    assert held_out.fit(*data(120)).n_iter_ == 42


@each_class
def test_dropout_by_rows(cls):
    """None for a hundred rows, of which all are one batch."""
    assert [dropout_for(n) for n in (1, 100, 101, 10**6)] == [0.0, 0.0, 0.1, 0.1]
    for n_rows, rate in ((100, 0.0), (101, 0.1)):
        model = make(cls, dropout="auto", max_iter=2).fit(*data(n_rows))
        fixed = make(cls, dropout=rate, max_iter=2).fit(*data(n_rows))
        np.testing.assert_array_equal(fixed.coefs_[0], model.coefs_[0])


@each_class
def test_lbfgs_has_no_dropout_and_its_own_iterations(cls):
    X, _ = data(150)
    y = np.random.default_rng(1).integers(0, 2, 150)  # nothing to be learned quickly
    params = {"solver": "lbfgs", "tol": 1e-12}
    model = make(cls, dropout="auto", max_iter="auto", batch_size="by_rows", **params)
    fixed = make(cls, dropout=0.0, max_iter=100, **params).fit(X, y)
    np.testing.assert_array_equal(model.fit(X, y).coefs_[0], fixed.coefs_[0])
    assert model.n_iter_ == fixed.n_iter_ > 60
    with pytest.raises(ValueError, match="'dropout' parameter must be 0 with solver='lbfgs'"):
        make(cls, dropout=0.1, **params).fit(X, y)


@each_class
def test_rows_without_weight_do_not_count(cls):
    X, y = data(150)
    weights = np.r_[np.ones(100), np.zeros(50)]
    params = {"dropout": "auto", "batch_size": "by_rows", "max_iter": 2}
    model = make(cls, **params).fit(X, y, sample_weight=weights)
    assert steps(model) == 2
    np.testing.assert_array_equal(
        model.coefs_[0], make(cls, **params).fit(X[:100], y[:100]).coefs_[0]
    )

"""Training against scikit-learn's MLP: the same random_state, the same numbers at every step."""

import warnings

import numpy as np
import pytest
from mlp import mlp, mlp_regressor
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.preprocessing import scale

from skdnn import DNNClassifier, DNNRegressor
from skdnn.training import loop

EPOCHS = 12


def data(name):
    loaders = {
        "regression": load_diabetes, "multiclass": load_iris, "binary": load_breast_cancer
    }  # fmt: skip
    X, y = loaders[name](return_X_y=True)
    X, y = scale(X)[:210], y[:210]
    return X, scale(y) if name == "regression" else y


def fit_pair(task, **params):
    """Fit scikit-learn's MLP and ours: the same initial weights, no shuffling."""
    X, y = data(task)
    ours_class, theirs_class = (
        (DNNRegressor, MLPRegressor) if task == "regression" else (DNNClassifier, MLPClassifier)
    )
    params = {
        "hidden_layer_sizes": (8, 6), "batch_size": 32, "max_iter": EPOCHS, "shuffle": False,
        "random_state": 0, "tol": 0.0, "learning_rate_init": 0.01, **params,
    }  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        theirs = theirs_class(**params).fit(X, y)
        ours = mlp(ours_class, dtype="float64", **params).fit(X, y)
    return ours, theirs, X


SOLVERS = {
    "adam": {"solver": "adam"},
    "sgd": {"solver": "sgd", "momentum": 0.0},
    "momentum": {"solver": "sgd", "nesterovs_momentum": False},
    "nesterov": {"solver": "sgd"},
}


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_every_step_is_that_of_scikit_learn(task, solver):
    ours, theirs, X = fit_pair(task, alpha=0.1, **SOLVERS[solver])
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-9)
    for a, b in zip(
        ours.coefs_ + ours.intercepts_, theirs.coefs_ + theirs.intercepts_, strict=True
    ):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-6)
    for name in ("n_iter_", "t_", "n_layers_", "n_outputs_", "out_activation_"):
        assert getattr(ours, name) == getattr(theirs, name)
    assert ours.loss_ == pytest.approx(theirs.loss_, rel=1e-9)
    assert ours.best_loss_ == pytest.approx(theirs.best_loss_, rel=1e-9)


@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
def test_every_activation_of_scikit_learn(activation):
    ours, theirs, _ = fit_pair("multiclass", activation=activation)
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-9)


def test_training_stops_in_the_same_epoch():
    params = {"max_iter": 500, "tol": 1e-2, "n_iter_no_change": 3}
    ours, theirs, _ = fit_pair("multiclass", **params)
    assert 5 < ours.n_iter_ == theirs.n_iter_ < 500


@pytest.mark.parametrize(
    ("asked", "n_rows", "size"),
    [("auto", 1000, 200), ("auto", 7, 7), (5, 7, 5), ("by_rows", 100, 100), ("by_rows", 101, 64)],
)
def test_batch_size(asked, n_rows, size):
    assert loop.resolve_batch_size(asked, n_rows) == size


def test_batch_size_is_clipped_with_a_warning():
    with pytest.warns(UserWarning, match=r"batch_size=50.*7 rows"):
        assert loop.resolve_batch_size(50, 7) == 7


def test_divergence_names_epoch_learning_rate_and_remedy():
    X, y = data("regression")
    model = mlp_regressor((5,), solver="sgd", learning_rate_init=1e9, random_state=0)
    with pytest.raises(ValueError, match=r"non-finite.*epoch \d.*learning_rate_init=1000000000"):
        model.fit(X, y)
    assert not hasattr(model, "n_iter_")


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_divergence_after_a_good_epoch_keeps_it():
    X, y = data("regression")

    class Late:
        """Learns for three epochs, then jumps."""

        def factors(self, position):
            return np.full(position.n_steps, 1.0 if position.epoch < 3 else 1e30)

    model = mlp_regressor(
        (5,), solver="sgd", learning_rate=Late(), early_stopping=True, random_state=0
    )
    with pytest.warns(ConvergenceWarning, match=r"parameters of the best epoch were kept"):
        model.fit(X, y)
    assert np.isnan(model.validation_scores_[-1])
    assert isinstance(model.validation_scores_[-1], float)
    assert model.best_validation_score_ == np.nanmax(model.validation_scores_)
    assert np.isfinite(model.predict(X)).all()

"""Training against scikit-learn's MLP: from the same weights, the same numbers at every step."""

import warnings

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.preprocessing import scale

from skdnn import DNNClassifier, DNNRegressor
from skdnn.network.network import Network
from skdnn.training import loop
from skdnn.training.data import make_rows
from skdnn.training.sampling import draw_seeds
from skdnn.training.settings import Settings

EPOCHS = 12


def data(name):
    loaders = {
        "regression": load_diabetes, "multiclass": load_iris, "binary": load_breast_cancer
    }  # fmt: skip
    X, y = loaders[name](return_X_y=True)
    X, y = scale(X)[:210], y[:210]
    return X, scale(y) if name == "regression" else y


def fit_pair(task, monkeypatch, **params):
    """Fit scikit-learn's MLP and ours from its initial weights, without shuffling."""
    X, y = data(task)
    ours_class, theirs_class = (
        (DNNRegressor, MLPRegressor) if task == "regression" else (DNNClassifier, MLPClassifier)
    )
    params = {
        "hidden_layer_sizes": (8, 6), "batch_size": 32, "max_iter": EPOCHS, "shuffle": False,
        "random_state": 0, "tol": 0.0, "learning_rate_init": 0.01, **params,
    }  # fmt: skip
    initial = {}
    initialize = theirs_class._initialize

    def remember(self, *args):
        initialize(self, *args)
        initial["arrays"] = [a.copy() for a in self.coefs_], [a.copy() for a in self.intercepts_]

    monkeypatch.setattr(theirs_class, "_initialize", remember)
    random = Network.random

    def same(spec, rng, dtype):
        network = random(spec, rng, dtype)
        for views, arrays in zip(
            (network.coefs, network.intercepts), initial["arrays"], strict=True
        ):
            for view, array in zip(views, arrays, strict=True):
                view[...] = array
        return network

    monkeypatch.setattr(Network, "random", same)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        theirs = theirs_class(**params).fit(X, y)
        ours = ours_class(dtype="float64", **params).fit(X, y)
    return ours, theirs, X


SOLVERS = {
    "adam": {"solver": "adam"},
    "sgd": {"solver": "sgd", "momentum": 0.0},
    "momentum": {"solver": "sgd", "nesterovs_momentum": False},
    "nesterov": {"solver": "sgd"},
}


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_every_step_is_that_of_scikit_learn(task, solver, monkeypatch):
    ours, theirs, X = fit_pair(task, monkeypatch, alpha=0.1, **SOLVERS[solver])
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
def test_every_activation_of_scikit_learn(activation, monkeypatch):
    ours, theirs, _ = fit_pair("multiclass", monkeypatch, activation=activation)
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-9)


def test_training_stops_in_the_same_epoch(monkeypatch):
    params = {"max_iter": 500, "tol": 1e-2, "n_iter_no_change": 3}
    ours, theirs, _ = fit_pair("multiclass", monkeypatch, **params)
    assert 5 < ours.n_iter_ == theirs.n_iter_ < 500


@pytest.mark.parametrize(
    ("asked", "n_rows", "size"), [("auto", 1000, 200), ("auto", 7, 7), (5, 7, 5)]
)
def test_batch_size(asked, n_rows, size):
    assert loop.resolve_batch_size(asked, n_rows) == size


def test_batch_size_is_clipped_with_a_warning():
    with pytest.warns(UserWarning, match=r"batch_size=50.*7 rows"):
        assert loop.resolve_batch_size(50, 7) == 7


def test_divergence_names_epoch_learning_rate_and_remedy():
    X, y = data("regression")
    rows = make_rows(X, y, None, dtype=np.float64)
    params = DNNRegressor((5,), solver="sgd", learning_rate_init=1e9).get_params()
    model = DNNRegressor((5,), random_state=0)
    network = Network.random(
        model._network_spec(X, y), np.random.default_rng(0), np.dtype(np.float64)
    )
    settings = Settings.from_params(params)
    with pytest.raises(ValueError, match=r"non-finite.*epoch \d.*learning_rate_init=1000000000"):
        loop.train(network, rows, settings, draw_seeds(0))

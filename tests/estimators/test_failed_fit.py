"""A fit that fails leaves the estimator as it was."""

import numpy as np
import pytest
from mlp import mlp, mlp_regressor
from sklearn.datasets import load_diabetes, load_iris
from sklearn.exceptions import NotFittedError
from sklearn.preprocessing import scale
from threadpoolctl import threadpool_info

from skdnn import DNNClassifier, DNNRegressor
from skdnn.training import loop

pytestmark = pytest.mark.filterwarnings(
    "ignore:Stochastic Optimizer. Maximum iterations:sklearn.exceptions.ConvergenceWarning"
)

CLASSES = [DNNClassifier, DNNRegressor]
DIVERGED = r"non-finite.*epoch \d+.*learning_rate_init"


def data(cls):
    X, y = (load_iris if cls is DNNClassifier else load_diabetes)(as_frame=True, return_X_y=True)
    return (X - X.mean()) / X.std(), y if cls is DNNClassifier else (y - y.mean()) / y.std()


def fitted(cls, **params):
    params = {"max_iter": 5, "random_state": 0, "early_stopping": True, **params}
    return mlp(cls, (6,), **params).fit(*data(cls))


def snapshot(model, X):
    """Everything that can be seen of a fitted estimator."""
    names = [name for name in dir(model) if name.endswith("_") and not name.startswith("_")]
    attributes = {name: np.asarray(getattr(model, name), dtype=object).tolist() for name in names
                  if name not in ("coefs_", "intercepts_")}  # fmt: skip
    arrays = [array.copy() for array in [*model.coefs_, *model.intercepts_, model.predict(X)]]
    return attributes, arrays


def assert_unchanged(model, before, X):
    attributes, arrays = snapshot(model, X)
    assert attributes == before[0]
    for a, b in zip(arrays, before[1], strict=True):
        np.testing.assert_array_equal(a, b)


def infinity_in_data(X, y):
    X = X.copy()
    X.iloc[7, 1] = np.inf
    return X, y


FAILURES = {
    "infinity": ({}, infinity_in_data, "contains infinity in column"),
    "lengths": ({}, lambda X, y: (X, y[:-1]), "inconsistent numbers of samples"),
    "parameter": ({"alpha": -1.0}, None, "'alpha' parameter"),
    "sizes": ({"hidden_layer_sizes": (5, 0)}, None, "'hidden_layer_sizes' parameter"),
    "hold-out": ({"validation_fraction": 0.0}, None, r"validation|test_size"),
    "large data": ({"dtype": "float32"}, lambda X, y: (X * 1e40, y), "too large for float32"),
    "other data": (
        {"validation_fraction": 0.999},
        lambda X, y: (X.iloc[:, :2].to_numpy(), y.to_numpy() + 5),
        r"validation|test_size",
    ),
}


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("cls", CLASSES)
def test_the_previous_model_survives(cls, failure):
    params, change, message = FAILURES[failure]
    X, y = data(cls)
    model = fitted(cls)
    before = snapshot(model, X)
    bad = (X, y) if change is None else change(X, y)
    model.set_params(**params)
    with pytest.raises(ValueError, match=message):
        model.fit(*bad)
    assert_unchanged(model, before, X)


def test_divergence_by_the_learning_rate():
    X, y = data(DNNRegressor)
    model = fitted(DNNRegressor)
    before = snapshot(model, X)
    model.set_params(
        solver="sgd", learning_rate_init=1e6, activation="identity", max_iter=100,
        early_stopping=False,
    )  # fmt: skip
    with pytest.raises(ValueError, match=DIVERGED) as caught:
        model.fit(X, y)
    assert "learning_rate_init=1000000.0" in str(caught.value)
    assert "preprocessed" in str(caught.value)  # scikit-learn's words come first
    assert caught.value.__suppress_context__
    assert_unchanged(model, before, X)


def test_divergence_in_the_very_last_step_is_seen():
    """The loss of the only epoch is finite, the weights after it are not."""
    X, y = data(DNNRegressor)
    model = mlp_regressor(
        (), solver="sgd", learning_rate_init=1e308, max_iter=1, batch_size=len(X), random_state=0
    )
    with pytest.raises(ValueError, match=r"non-finite.*epoch 1 "):
        model.fit(X * 1e5, y)
    assert not hasattr(model, "coefs_")


@pytest.mark.parametrize("cls", CLASSES)
def test_a_failed_first_fit_is_no_fit(cls):
    X, y = data(cls)
    model = mlp(cls, (6,), random_state=0)
    parameters = vars(model).copy()
    with pytest.raises(ValueError, match="contains infinity"):
        model.fit(*infinity_in_data(X, y))
    with pytest.raises(ValueError, match="too large for float32"):
        model.set_params(dtype="float32").fit(X * 1e40, y)
    assert vars(model) == {**parameters, "dtype": "float32"}
    with pytest.raises(NotFittedError):
        model.predict(X)


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_any_exception_restores_and_frees_blas(error, monkeypatch):
    """Also those that are not Exceptions, and also where the training does not expect them."""
    X, y = data(DNNClassifier)
    model = fitted(DNNClassifier)
    before = snapshot(model, X)
    pools = [pool["num_threads"] for pool in threadpool_info()]

    def fail(*args):
        raise error

    monkeypatch.setattr(loop, "Engine", fail)
    with pytest.raises(error):
        model.fit(X[["sepal width (cm)"]], y + 3)
    assert_unchanged(model, before, X)
    assert [pool["num_threads"] for pool in threadpool_info()] == pools


def test_arrays_taken_before_a_refit_keep_their_values():
    """A new fit writes into new memory: what a user kept is not changed behind his back."""
    X, y = data(DNNClassifier)
    model = fitted(DNNClassifier)
    kept = model.coefs_[0]
    copy = kept.copy()
    model.set_params(random_state=1).fit(scale(X), y)
    np.testing.assert_array_equal(kept, copy)
    assert not np.array_equal(model.coefs_[0], copy)

"""What a user changes in a fitted estimator is refused where predictions would go wrong."""

import pickle

import numpy as np
import pandas as pd
import pytest

from skdnn import DNNClassifier, DNNRegressor, Quantile

rng = np.random.default_rng(0)
X = rng.normal(size=(60, 3))
SMALL = {"hidden_layer_sizes": (4,), "max_iter": 2, "random_state": 0, "n_jobs": 1}


def fitted(kind):
    if kind == "classifier":
        return DNNClassifier(**SMALL).fit(X, np.arange(60) % 3)
    if kind == "binary":
        return DNNClassifier(**SMALL).fit(X, np.arange(60) % 2)
    return DNNRegressor(**SMALL).fit(X, X[:, 0])


CHANGES = [
    ("classifier", "classes_", np.array(["a", "b"])),
    ("classifier", "classes_", np.arange(9)),
    ("classifier", "classes_", [0, 1, 2]),
    ("binary", "classes_", np.array([0])),
    ("binary", "n_outputs_", 2),
    ("classifier", "out_activation_", "logistic"),
    ("regressor", "out_activation_", "exp"),
    ("regressor", "n_outputs_", 0),
    ("regressor", "n_outputs_", None),
]


@pytest.mark.parametrize(("kind", "name", "value"), CHANGES)
def test_what_predictions_depend_on(kind, name, value):
    model = fitted(kind)
    setattr(model, name, value)
    y = X[:, 0] if kind == "regressor" else np.arange(60) % (3 if kind == "classifier" else 2)
    for call in (
        lambda: model.predict(X),
        lambda: model.partial_fit(X, y),
        lambda: model.set_params(warm_start=True).fit(X, y),
    ):
        with pytest.raises(ValueError, match=f"{name} of this fitted .* must be .* Got"):
            call()
    # Learned anew, it is right again.
    assert model.set_params(warm_start=False).fit(X, y).predict(X).shape == (60,)


def test_a_deleted_attribute():
    model = fitted("classifier")
    del model.classes_
    with pytest.raises(ValueError, match="classes_ of this fitted DNNClassifier"):
        model.predict(X)


def test_classes_can_have_other_names():
    model = fitted("classifier")
    before = model.predict(X)
    model.classes_ = np.array(["a", "b", "c"])
    np.testing.assert_array_equal(model.predict(X), np.array(["a", "b", "c"])[before])


def test_a_class_alone_has_one_name():
    model = DNNClassifier(**SMALL).fit(X, np.ones(60, int))
    assert (model.predict(X) == 1).all()


@pytest.mark.parametrize("width", [1, 2, 5])
@pytest.mark.parametrize("kind", [np.asarray, pd.DataFrame])
def test_another_number_of_columns(width, kind):
    model = fitted("regressor")
    model.n_features_in_ = width
    rows = kind(np.zeros((20, width)))
    for call in (
        lambda: model.predict(rows),
        lambda: model.partial_fit(rows, np.arange(20.0)),
        lambda: model.set_params(warm_start=True).fit(rows, np.arange(20.0)),
    ):
        with pytest.raises(ValueError, match=f"{width} columns, but training has seen 3"):
            call()


@pytest.mark.parametrize("name", ["_progress", "network", "inputs", "task"])
def test_parts_of_another_estimator(name):
    """As when a part of one pickle gets into another."""
    model, other = fitted("regressor"), DNNRegressor(
        loss=Quantile([0.1, 0.5, 0.9]), n_members=2, normalization="batch", **SMALL
    ).fit(X[:, :2], X[:, 0])  # fmt: skip
    before = model.predict(X)
    state = pickle.dumps(model)
    if name == "_progress":
        model._progress = other._progress
    else:
        setattr(model._model, name, getattr(other._model, name))
    calls = [lambda: model.partial_fit(X, X[:, 0]).predict(X)]
    if name != "_progress":
        calls.append(lambda: model.predict(X))
    for call in calls:
        with pytest.raises(ValueError):  # noqa: PT011 - which check is first does not matter
            call()
    np.testing.assert_array_equal(pickle.loads(state).predict(X), before)


def test_weights_are_real_numbers():
    model = fitted("regressor")
    weights = [[array.astype(complex) for array in layer] for layer in model.coefs_]
    with pytest.raises(ValueError, match=r"real numbers.*complex128"):
        model.coefs_ = weights

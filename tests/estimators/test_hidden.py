"""Activations of hidden layers, against a forward pass in NumPy."""

import numpy as np
import pandas as pd
import pytest
from mlp import mlp_classifier, mlp_regressor
from numpy.testing import assert_allclose, assert_array_equal
from numpy_twin import ACTIVATIONS, EPSILON, layer_normalize
from scipy.sparse import csr_array
from sklearn.exceptions import NotFittedError

from skdnn import DNNRegressor, Periodic, PiecewiseLinear
from skdnn.training.engine import first_inputs

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

#: More than a block of the engine.
N_ROWS = 300


def numbers():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N_ROWS, 3))
    return X, X[:, 0] * X[:, 1]


def fit_numbers(*hidden, **parameters):
    parameters = {"max_iter": 3, "dtype": "float64", "random_state": 0, **parameters}
    return mlp_regressor(hidden, **parameters).fit(*numbers())


def normalized(model, layer, z, kind):
    """Products of a layer, normalized as in a prediction."""
    network = model._network
    gain = network.layouts[0].gains(network.values[None])[layer]
    if kind == "layer":
        return layer_normalize(z)[0] * gain
    n = z.shape[1]
    start = 2 * sum(network.spec.layer_sizes[1 : layer + 1])
    mean, variance = np.split(network.buffers(0)[start : start + 2 * n], 2)
    return (z - mean) / np.sqrt(variance + EPSILON) * gain


def forward(model, inputs, layer, normalization=None, member=None):
    """Activations of a hidden layer from the inputs of the first one."""
    a, activation = inputs, ACTIVATIONS[model.activation][0]
    for i, (weight, bias) in enumerate(zip(model.coefs_, model.intercepts_, strict=True)):
        if member is not None:
            weight, bias = weight[member], bias[member]
        z = a @ weight
        if normalization is not None:
            z = normalized(model, i, z, normalization)
        a = activation(z + bias)
        if i == layer:
            return a
    raise IndexError(layer)


@pytest.mark.parametrize("activation", ["relu", "mish", "tanh"])
def test_they_are_those_of_a_forward_pass(activation):
    X, _ = numbers()
    model = fit_numbers(6, 4, 5, activation=activation, dropout=0.2)
    for layer, size in enumerate((6, 4, 5)):
        found = model.hidden_activations(X, layer)
        assert found.shape == (N_ROWS, size)
        assert_allclose(found, forward(model, X, layer), rtol=1e-9, atol=1e-12)
        assert_array_equal(found, model.hidden_activations(X, layer - 3))
    assert_array_equal(model.hidden_activations(X), found)


@pytest.mark.parametrize("kind", ["batch", "layer"])
def test_with_normalization(kind):
    X, _ = numbers()
    model = fit_numbers(6, 4, normalization=kind)
    for layer in (0, 1):
        expected = forward(model, X, layer, kind)
        assert_allclose(model.hidden_activations(X, layer), expected, rtol=1e-9, atol=1e-9)


def test_the_output_layer_makes_the_prediction_of_the_last_one():
    X, _ = numbers()
    model = fit_numbers(6, 4)
    expected = model.hidden_activations(X) @ model.coefs_[-1] + model.intercepts_[-1]
    assert_allclose(model.predict(X), expected[:, 0], rtol=1e-9, atol=1e-12)


def test_members_are_side_by_side():
    X, _ = numbers()
    model = fit_numbers(6, 4, n_members=3)
    every = model.hidden_activations(X, 0)
    assert every.shape == (N_ROWS, 18)
    for member, part in enumerate(np.split(every, 3, axis=1)):
        assert_array_equal(model.hidden_activations(X, 0, member=member), part)
        expected = forward(model, X, 0, member=member)
        assert_allclose(part, expected, rtol=1e-9, atol=1e-12)
    assert_array_equal(model.hidden_activations(X, 0, member=-1), part)


def test_members_whose_encodings_differ():
    """Of a table with categories and missing values, in several blocks."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"a": rng.normal(size=N_ROWS), "b": rng.choice(["x", "y", "z"], N_ROWS)})
    X.loc[::7, ["a", "b"]] = None
    model = mlp_classifier(
        (6, 4), feature_scaling="robust", categorical_features="from_dtype", n_members=3,
        numeric_embedding=[PiecewiseLinear(4), Periodic(n_frequencies=3, d_embedding=2), None],
        max_iter=2, random_state=0, dtype="float64",
    ).fit(X, np.arange(N_ROWS) % 3)  # fmt: skip
    network = model._network
    features = model._model.features(X)
    for member in range(3):
        inputs = first_inputs(network, member, features[member], np.arange(N_ROWS))
        expected = forward(model, inputs * network.scales(member), 1, member=member)
        found = model.hidden_activations(X, member=member)
        assert_allclose(found, expected, rtol=1e-6, atol=1e-6)


def test_rows_of_many_blocks(monkeypatch):
    X, y = numbers()
    model = DNNRegressor((4,), n_members=2, max_iter=1, random_state=0).fit(X, y)
    whole = model.hidden_activations(X)
    monkeypatch.setattr("skdnn.estimators._model.BLOCK_VALUES", 1)
    assert_allclose(model.hidden_activations(X), whole, rtol=1e-6, atol=1e-12)
    assert_allclose(model.hidden_activations(X[:1]), whole[:1], rtol=1e-6, atol=1e-12)


def test_sparse_rows():
    X, y = numbers()
    X[X < 0.5] = 0
    model = mlp_regressor((6,), max_iter=2, random_state=0).fit(csr_array(X), y)
    assert_allclose(
        model.hidden_activations(csr_array(X)), forward(model, X, 0), rtol=1e-5, atol=1e-6
    )


def test_dtype_is_that_of_the_network():
    X, _ = numbers()
    assert fit_numbers(4, dtype="float32").hidden_activations(X).dtype == np.float32


def test_errors_name_what_there_is():
    X, _ = numbers()
    model = fit_numbers(6, 4)
    with pytest.raises(ValueError, match=r"layer must be an int in the range \[-2, 1\]. Got 2"):
        model.hidden_activations(X, 2)
    with pytest.raises(ValueError, match=r"member must be an int in the range \[-1, 0\]. Got 1"):
        model.hidden_activations(X, member=1)
    with pytest.raises(ValueError, match="3 features"):
        model.hidden_activations(X[:, :2])
    with pytest.raises(ValueError, match="no hidden layer: hidden_layer_sizes is empty"):
        fit_numbers().hidden_activations(X)
    with pytest.raises(NotFittedError):
        DNNRegressor().hidden_activations(X)

"""Data-dependent initialization: what it promises, layer by layer, against NumPy."""

import numpy as np
import pytest
from encoded import make_spec, random_network, random_table, table_features, table_rows
from numpy_twin import ACTIVATIONS

from skdnn.training.data_driven import LEVELS, N_ROWS, fit_initial_values
from skdnn.training.engine import first_inputs, pre_activations

HIDDEN = (7, 5)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def hidden_layers(network, inputs):
    """Pre-activations of the hidden layers, by NumPy."""
    activate = ACTIVATIONS[network.spec.activation][0]
    for weight, bias in zip(network.coefs[:-1], network.intercepts[:-1], strict=True):
        z = inputs @ weight + bias
        yield z
        inputs = activate(z)


@pytest.mark.parametrize("activation", ["mish", "tanh"])
def test_pre_activations_equal_those_of_numpy(activation, rng):
    network = random_network(rng, make_spec(HIDDEN, activation=activation, scaled=False))
    features, rows = table_features(random_table(rng, 40)), np.array([3, 39, 3, 0])
    inputs = first_inputs(network, 0, features, rows)
    for layer, expected in enumerate(hidden_layers(network, inputs)):
        found = pre_activations(network, 0, features, rows, layer)
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("weighted", [False, True])
def test_hidden_units_have_standard_deviation_1_and_zeros_at_quantiles(weighted, rng):
    network = random_network(rng, make_spec(HIDDEN, scaled=False))
    before = [coef.copy() for coef in network.coefs], network.intercepts[-1].copy()
    n_rows = 300
    assert n_rows < N_ROWS
    weights = rng.integers(0, 3, n_rows).astype(float) if weighted else np.ones(n_rows)
    rows = table_rows(random_table(rng, n_rows), rng.standard_normal((n_rows, 1)), weights)
    fit_initial_values(network, 0, rows, np.random.RandomState(0))
    inputs = first_inputs(network, 0, rows.features, np.arange(n_rows))
    for z in hidden_layers(network, inputs):
        mean = np.average(z, axis=0, weights=weights)
        deviation = np.sqrt(np.average((z - mean) ** 2, axis=0, weights=weights))
        np.testing.assert_allclose(deviation, 1, rtol=1e-9)
        below = np.average(z < -1e-9, axis=0, weights=weights)
        not_above = np.average(z < 1e-9, axis=0, weights=weights)
        assert (below <= LEVELS[1]).all()
        assert (not_above >= LEVELS[0]).all()
        # The quantile is one of the rows.
        assert (np.abs(z).min(axis=0) < 1e-9).all()
    # Directions of the weights, and the output layer, are as before.
    for coef, old in zip(network.coefs[:-1], before[0], strict=False):
        scale = (coef * old).sum(axis=0) / (old * old).sum(axis=0)
        np.testing.assert_allclose(coef, old * scale, rtol=1e-12)
    np.testing.assert_array_equal(network.coefs[-1], before[0][-1])
    np.testing.assert_array_equal(network.intercepts[-1], before[1])

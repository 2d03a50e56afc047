"""Whether a network predicts numbers for its training rows."""

import numpy as np
import pytest
from engines import make_rows
from scipy.sparse import csr_array

from skdnn.network.initializers import initial_values
from skdnn.network.network import Network
from skdnn.network.spec import InputColumn, NetworkSpec
from skdnn.training import finite
from skdnn.training.finite import predicts_numbers
from skdnn.training.threads import Threads

X = np.random.default_rng(0).normal(size=(40, 3))


def make(dtype=np.float32, n_members=1, **changes):
    settings = {
        "layer_sizes": (3, 4, 1), "activation": "relu", "dropout": (0.0, 0.0),
        "loss": "squared_error", **changes,
    }  # fmt: skip
    spec = NetworkSpec(**settings)
    values = initial_values(spec, np.random.RandomState(0), np.dtype(dtype))
    return Network([spec] * n_members, np.tile(values, n_members))


def rows_of(X, dtype=np.float32, index=None):
    n_rows = X.shape[0] if index is None else len(index)
    return make_rows(X, np.zeros(n_rows), None, dtype=np.dtype(dtype), rows=index)


def finite_for(network, *rows):
    return predicts_numbers(network, rows, Threads(1, 1))


@pytest.fixture
def no_prediction(monkeypatch):
    def fail(*args):
        raise AssertionError("a prediction is not needed")

    monkeypatch.setattr(finite, "predict_raw", fail)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("given", [X, X.astype(np.float32), csr_array(X)])
@pytest.mark.parametrize(
    "columns", [(), tuple(InputColumn("periodic", 0, 1, 16, 1.0) for _ in range(3))]
)
def test_moderate_numbers_need_no_prediction(given, dtype, columns, no_prediction):
    network = make(dtype, columns=columns, scaled_inputs=bool(columns))
    assert finite_for(network, rows_of(given, dtype))
    network.values[-1] = np.nan
    assert not finite_for(network, rows_of(given, dtype))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_large_parameters_that_overflow_or_do_not(dtype):
    large = np.finfo(dtype).max / 100
    network = make(dtype)
    network.coefs[0][...] = large
    network.coefs[1][...] = 1
    assert finite_for(network, rows_of(np.abs(X), dtype))
    network.coefs[1][...] = large
    assert not finite_for(network, rows_of(np.abs(X), dtype))
    # All the units are 0.
    assert finite_for(network, rows_of(-1 - np.abs(X), dtype))


@pytest.mark.parametrize("to", [csr_array, np.asarray, np.asfortranarray])
def test_one_large_number(to):
    network = make(activation="identity")
    extreme = X.copy()
    extreme[7, 1] = 3e38
    network.values[...] = 10
    assert not finite_for(network, rows_of(to(extreme)))
    # What nobody is trained on does not matter.
    others = np.delete(np.arange(40), 7)
    assert finite_for(network, rows_of(to(extreme), index=others))


def test_rows_of_another_member_are_training_rows_too():
    network = make(n_members=2, activation="identity")
    network.of_member(0)[...] = 10
    extreme = X.copy()
    extreme[7, 1] = 3e38
    first, second = np.arange(7), np.arange(7, 40)
    assert not finite_for(network, rows_of(extreme, index=first), rows_of(extreme, index=second))
    assert finite_for(network, *[rows_of(extreme, index=first)] * 2)


@pytest.mark.parametrize("normalization", ["batch", "layer"])
def test_normalized_networks_are_asked(normalization):
    network = make(normalization=normalization)
    assert finite_for(network, rows_of(X))
    network.coefs[1][...] = 3e38
    assert not finite_for(network, rows_of(X))

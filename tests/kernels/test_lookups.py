"""Columns that are looked up, against the product with their inputs."""

import dataclasses

import numpy as np
import pytest
from encoded import column_params, make_spec, random_network, random_table, table_features
from numpy_twin import table_inputs

from skdnn.kernels import epoch as entries
from skdnn.kernels.columns import N_DENSE, N_LOOKUPS
from skdnn.kernels.lookups import sort_rows
from skdnn.kernels.network import VALUE, Samples
from skdnn.kernels.optimizers import N_HYPER, OPTIMIZERS
from skdnn.kernels.team import make_team
from skdnn.network.layout import Layout
from skdnn.network.network import Network
from skdnn.network.spec import InputColumn
from skdnn.training.arguments import make_program, make_state
from skdnn.training.data import frozen
from skdnn.training.engine import predict_raw
from skdnn.training.threads import Threads

#: All of them are looked up: the numbers that make them dense come last in ``DENSE``.
LOOKUPS = (
    InputColumn("bins", 0, 5, 5), InputColumn("bins", 1, 5, 5), InputColumn("one_hot", 0, 3, 3),
    InputColumn("one_hot", 1, 4, 4),
)  # fmt: skip
NUMBER = InputColumn("number", 0)
TOLERANCE = {np.float32: {"rtol": 2e-5, "atol": 2e-5}, np.float64: {"rtol": 1e-12, "atol": 1e-12}}


def make_pair(rng, dtype, **changes):
    """The same network with the number before and behind the columns: looked up, and dense."""
    networks = [random_network(rng, make_spec((21,), 2, (NUMBER, *LOOKUPS), **changes), dtype)]
    spec = make_spec((21,), 2, (*LOOKUPS, NUMBER), **changes)
    networks.append(Network([spec], networks[0].values.copy()))
    for view in (networks[1].coefs[0], scales_of(networks[1])):
        view[...] = np.roll(view, -1, axis=0)
    inputs = [network.layouts[0].inputs for network in networks]
    assert [each[N_LOOKUPS] for each in inputs] == [len(LOOKUPS), 0]
    assert [each[N_DENSE] for each in inputs] == [1, 18]
    return networks


def scales_of(network):
    n_in = network.spec.n_in
    return network.params(0)[-n_in:] if network.spec.scaled_inputs else np.empty(0)


def gradient_of(network, features, y):
    layout, n_rows = network.layouts[0], len(y)
    state = make_state(
        network, 0, features, n_rows, y.size // n_rows,
        grads=np.full(layout.n_params, np.nan, network.dtype),
    )  # fmt: skip
    gradient = np.zeros(layout.n_params)
    program = make_program(network, 0)._replace(hyper=np.zeros(N_HYPER))
    entries.sum_gradients(
        program, layout.normalization, layout.encoding, state, make_team(1, layout.n_blocks)[0],
        samples_of(features, y, network.dtype), np.arange(n_rows), gradient,
    )  # fmt: skip
    return gradient


def samples_of(features, y, dtype):
    return Samples(features, frozen(y.astype(dtype)), frozen(np.ones(len(y), dtype)))


@pytest.mark.parametrize("scaled", [True, False])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_equals_the_dense_product(dtype, scaled, rng):
    looked_up, dense = make_pair(rng, dtype, scaled=scaled)
    table, y = random_table(rng, 37, dtype), rng.standard_normal((37, 2))
    features = table_features(table, dtype)
    raw = [predict_raw(network, [features], Threads(None, 1)) for network in (looked_up, dense)]
    np.testing.assert_allclose(*raw, **TOLERANCE[dtype])
    gradients = [
        Network([n.spec], gradient_of(n, features, y).astype(dtype)) for n in (looked_up, dense)
    ]
    for gradient in (gradients[0].coefs[0], scales_of(gradients[0])):
        gradient[...] = np.roll(gradient, -1, axis=0)
    scale = np.abs(gradients[1].values).max()
    np.testing.assert_allclose(
        gradients[0].values / scale, gradients[1].values / scale, **TOLERANCE[dtype]
    )


@pytest.mark.parametrize("rate", [0.3, 0.8])
def test_a_column_is_dropped_as_a_whole(rate, rng):
    """What is left of a row is the sum of some of its columns, each times 1 / (1 - rate)."""
    spec = make_spec((), 1, LOOKUPS, scaled=False)
    spec = dataclasses.replace(spec, dropout=(rate,))
    network, table = random_network(rng, spec), random_table(rng, 400)
    features, layout = table_features(table), network.layouts[0]
    state = make_state(
        network, 0, features, 400, 1, grads=np.zeros(layout.n_params),
        slots=np.zeros(OPTIMIZERS["adam"].n_slots * layout.n_params),
    )  # fmt: skip
    inputs = table_inputs(LOOKUPS, table, column_params(network)[0])
    products = inputs * network.coefs[0][:, 0]
    bounds = np.cumsum([column.width for column in LOOKUPS])[:-1]
    columns = np.stack([p.sum(axis=1) for p in np.split(products, bounds, axis=1)], axis=1)
    bias = network.intercepts[0][0]
    entries.train_epoch(
        make_program(network, 0), None, layout.encoding, state, make_team(1, layout.n_blocks)[0],
        samples_of(features, np.zeros((400, 1)), np.float64), np.arange(400), np.zeros(1),
        np.ones(1), np.uint64(5),
    )  # fmt: skip
    raw = state.arena[400 * layout.table[-1, VALUE] :][:400] - bias
    kept = (np.arange(16)[:, None] >> np.arange(4)) & 1
    possible = columns @ kept.T / (1 - rate)
    error = np.abs(possible - raw[:, None])
    np.testing.assert_allclose(error.min(axis=1), 0, atol=1e-12)
    shares = kept[error.argmin(axis=1)].mean(axis=0)
    # A standard deviation of 0.025, and an unknown category is neither kept nor dropped.
    np.testing.assert_allclose(shares[:2], 1 - rate, atol=0.1)


def test_rows_are_sorted_by_input_and_stay_in_their_order(compiled, rng):
    n, start, width = 3, 4, 5
    places = rng.integers(start, start + width, 20 * n)
    starts, order = np.full(width + 1, -1), np.full(20, -1)
    compiled(sort_rows)(places, 1, n, start, width, 20, starts, order)
    own = places[1::n] - start
    assert order.tolist() == np.argsort(own, kind="stable").tolist()
    assert starts.tolist() == np.searchsorted(np.sort(own), np.arange(width + 1)).tolist()


def test_a_layer_without_dense_inputs(rng):
    layout = Layout(make_spec((3,), 1, LOOKUPS))
    assert layout.n_dense == 0
    assert layout.inputs[N_LOOKUPS] == len(LOOKUPS)

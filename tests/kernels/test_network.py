"""Forward and backward over the layer table, against differences and the NumPy twin."""

import dataclasses

import numpy as np
import pytest
from encoded import COLUMNS, N_INPUTS, column_params, random_network, random_table, table_features
from encoded import make_spec as make_table_spec
from numpy_twin import (
    gradients,
    loss_parameters,
    loss_targets,
    n_column_params,
    n_outputs,
    table_gradients,
)
from scipy import sparse

from skdnn.kernels import epoch as entries
from skdnn.kernels.activations import ACTIVATIONS
from skdnn.kernels.columns import N_LOOKUPS
from skdnn.kernels.embeddings import SPAN
from skdnn.kernels.losses import LOSSES
from skdnn.kernels.network import Features, Program, Samples, State, gather
from skdnn.kernels.optimizers import CLIP_NORM, N_HYPER, OPTIMIZERS
from skdnn.kernels.team import make_team
from skdnn.network.layout import Layout
from skdnn.network.spec import InputColumn, NetworkSpec
from skdnn.training import data
from skdnn.training.data import make_features

N_ROWS = 6
NORMALIZATIONS = [None, "batch", "layer"]


def make_case(activation, loss, hidden, rng, dropout=0.0, normalization=None):
    n_out = 1 if LOSSES[loss].link == "logistic" else n_outputs(loss, 3)
    dropouts = (dropout,) * (len(hidden) + 1)
    spec = NetworkSpec(
        (4, *hidden, n_out), activation, dropouts, loss, tuple(loss_parameters(loss, n_out)),
        normalization,
    )  # fmt: skip
    layout = Layout(spec)
    params = rng.uniform(-0.7, 0.7, layout.n_params)
    X = rng.standard_normal((N_ROWS, 4))
    weights = rng.uniform(0.5, 1.5, N_ROWS)
    return spec, layout, params, X, loss_targets(loss, rng, N_ROWS, n_out), weights


def parameters_of(spec):
    return np.array(spec.loss_parameters or (0.0,) * spec.n_out)


def loss_and_gradient(spec, layout, params, X, y, weights, rows=None):
    """One step of SGD with a learning rate of 0: the parameters stay, the gradient is kept.

    X may be features already: those of a table.
    """
    hyper = np.zeros(N_HYPER)
    hyper[CLIP_NORM] = np.inf
    program = Program(
        layout.table, layout.dropout, layout.columns, layout.inputs, layout.segments,
        layout.factors, hyper, LOSSES[spec.loss].code, parameters_of(spec),
        OPTIMIZERS["sgd"].code, 0,
    )  # fmt: skip
    n_rows = y.shape[0]
    features = X if isinstance(X, Features) else make_features(X.copy(), np.dtype(float), rows)
    n_numbers = 0 if layout.encoding is None else features.shape[1]
    n_lookups = n_rows * int(layout.inputs[N_LOOKUPS])
    state = State(
        params.copy(), np.zeros(layout.n_buffers), np.full(layout.n_params, np.nan),
        np.zeros(layout.n_params), np.empty(0), np.empty(0), np.empty(layout.arena_size(n_rows)),
        layout.scratch(np.float64),
        layout.moments(n_rows, np.float64), np.empty(n_rows * n_numbers),
        np.empty(n_rows * spec.n_in), np.empty(n_lookups, np.int64), np.empty(n_lookups),
        np.empty(n_lookups), np.empty(n_rows + spec.n_in + 1, np.int64), np.empty(y.size),
        np.empty(n_rows), np.zeros(1, np.int64), n_rows,
    )  # fmt: skip
    # Nothing may be read before it is written.
    for array in (
        state.arena, state.scratch, state.moments, state.numbers, state.x_batch, state.values,
        state.shares,
    ):  # fmt: skip
        array[:] = np.nan
    inputs = [y.copy(), weights.copy()]
    for array in inputs:
        array.flags.writeable = False
    status, total = entries.train_epoch(
        program, layout.normalization, layout.encoding, state, make_team(1, layout.n_blocks)[0],
        Samples(features, *inputs), np.arange(n_rows), np.zeros(1), np.ones(1), np.uint64(3),
    )  # fmt: skip
    assert status == entries.OK
    np.testing.assert_array_equal(state.params, params)
    return total, state.grads


def numeric_gradient(spec, layout, params, *data, eps=1e-4):
    """Fourth-order central differences of the mean loss."""
    out = np.empty_like(params)
    for i in range(params.size):
        values = []
        for k in (-2, -1, 1, 2):
            moved = params.copy()
            moved[i] += k * eps
            values.append(loss_and_gradient(spec, layout, moved, *data)[0])
        out[i] = (values[0] - 8 * values[1] + 8 * values[2] - values[3]) / (12 * eps)
    return out / len(data[1])


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_gradient(activation, loss, normalization, rng):
    case = make_case(activation, loss, (5, 3), rng, normalization=normalization)
    _, gradient = loss_and_gradient(*case)
    np.testing.assert_allclose(gradient, numeric_gradient(*case), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("activation", ["tanh", "mish", "relu"])
def test_gradient_under_dropout(activation, rng):
    # The masks depend on seed and step only, so differences see one and the same network.
    case = make_case(activation, "log_loss", (8, 7), rng, dropout=0.4)
    total, gradient = loss_and_gradient(*case)
    np.testing.assert_allclose(gradient, numeric_gradient(*case), rtol=1e-7, atol=1e-9)
    without, _ = loss_and_gradient(*make_case(activation, "log_loss", (8, 7), rng)[:2], *case[2:])
    assert total != without


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
def test_sparse_rows_have_the_gradient_of_dense_ones(normalization, rng):
    case = list(make_case("tanh", "log_loss", (8, 7), rng, 0.4, normalization))
    case[3][rng.uniform(size=case[3].shape) < 0.5] = 0
    total, gradient = loss_and_gradient(*case)
    case[3] = sparse.csr_array(case[3])
    sparse_total, sparse_gradient = loss_and_gradient(*case)
    assert sparse_total == pytest.approx(total, rel=1e-14)
    np.testing.assert_allclose(sparse_gradient, gradient, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
@pytest.mark.parametrize("hidden", [(), (7,), (5, 4, 3, 2)])
@pytest.mark.parametrize("loss", LOSSES)
def test_twin(loss, hidden, normalization, rng):
    spec, layout, params, X, y, weights = make_case(
        "mish", loss, hidden, rng, normalization=normalization
    )
    total, gradient = loss_and_gradient(spec, layout, params, X, y, weights)
    values = params[None]
    expected, *grads = gradients(
        layout.coefs(values), layout.intercepts(values), "mish", loss, X, y, weights,
        parameters=parameters_of(spec), normalization=normalization,
        gains=layout.gains(values),
    )  # fmt: skip
    assert total == pytest.approx(expected, rel=1e-11)
    for views, twins in zip((layout.coefs, layout.intercepts, layout.gains), grads, strict=True):
        for ours, twin in zip(views(gradient[None]), twins, strict=True):
            np.testing.assert_allclose(ours, twin, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("X_dtype", [np.float32, np.float64])
def test_rows_are_gathered_from_any_array(X_dtype, order, monkeypatch, compiled, rng):
    monkeypatch.setattr(data, "COPY_BYTES", 0)
    X = np.asarray(rng.standard_normal((7, 5)), X_dtype, order=order)
    kept, rows = np.array([6, 1, 3, 0]), np.array([3, 0, 0])
    for dtype in (np.float32, np.float64):
        for index, expected in ((None, X[rows]), (kept, X[kept[rows]])):
            batch = np.full(15, np.nan, dtype)
            compiled(gather)(make_features(X, np.dtype(dtype), index), rows, rows[:2], batch)
            np.testing.assert_array_equal(batch, expected.astype(dtype).ravel())


def test_sparse_rows_that_are_meant(rng):
    """A choice of rows has the predictions of a copy of them."""
    case = list(make_case("tanh", "log_loss", (8, 7), rng))
    index = np.array([4, 0, 0])
    X, y, weights = sparse.csr_array(case[3]), case[4][index], case[5][index]
    case[3:] = X, y, weights
    chosen = loss_and_gradient(*case, rows=index)
    case[3] = X[index]
    np.testing.assert_array_equal(chosen[1], loss_and_gradient(*case)[1])


def make_table_case(rng, loss="log_loss", hidden=(4,), n_rows=N_ROWS, **changes):
    """A network on all kinds of columns, and some rows of a table."""
    n_out = 1 if LOSSES[loss].link == "logistic" else n_outputs(loss, 3)
    parameters = tuple(loss_parameters(loss, n_out))
    spec = make_table_spec(hidden, n_out, loss=loss, loss_parameters=parameters, **changes)
    network = random_network(rng, spec)
    table, rows = random_table(rng, n_rows + 3), rng.permutation(n_rows + 3)[:n_rows]
    y, weights = loss_targets(loss, rng, n_rows, n_out), rng.uniform(0.5, 1.5, n_rows)
    params = network.params(0).copy()
    return spec, network.layouts[0], params, table_features(table, rows=rows), y, weights


@pytest.mark.parametrize("scaled", [True, False])
@pytest.mark.parametrize("hidden", [(), (4,)])
@pytest.mark.parametrize("loss", LOSSES)
def test_gradient_of_columns(loss, hidden, scaled, rng):
    case = make_table_case(rng, loss, hidden, scaled=scaled)
    _, gradient = loss_and_gradient(*case)
    np.testing.assert_allclose(gradient, numeric_gradient(*case), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_gradient_of_columns_through_activations(activation, rng):
    case = make_table_case(rng, hidden=(4, 3), activation=activation)
    _, gradient = loss_and_gradient(*case)
    np.testing.assert_allclose(gradient, numeric_gradient(*case), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("dropout", [0.0, 0.4])
@pytest.mark.parametrize("scaled", [True, False])
@pytest.mark.parametrize("normalization", ["batch", "layer"])
def test_gradient_of_columns_through_a_normalization(normalization, scaled, dropout, rng):
    case = make_table_case(rng, normalization=normalization, scaled=scaled, dropout=dropout)
    _, gradient = loss_and_gradient(*case)
    np.testing.assert_allclose(gradient, numeric_gradient(*case), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("scaled", [True, False])
@pytest.mark.parametrize("hidden", [(), (4,), (4, 3)])
def test_gradient_of_columns_under_dropout(hidden, scaled, rng):
    case = make_table_case(rng, hidden=hidden, dropout=0.4, scaled=scaled)
    total, gradient = loss_and_gradient(*case)
    np.testing.assert_allclose(gradient, numeric_gradient(*case), rtol=1e-6, atol=1e-8)
    without = dataclasses.replace(case[0], dropout=(0.0,) * len(case[0].dropout))
    assert total != loss_and_gradient(without, Layout(without), *case[2:])[0]


@pytest.mark.parametrize("n_rows", [SPAN, 2 * SPAN + 3])
def test_gradient_of_more_rows_than_waves_are_made_for_at_a_time(n_rows, rng):
    case = make_table_case(rng, "squared_error", n_rows=n_rows, dropout=0.2)
    _, gradient = loss_and_gradient(*case)
    np.testing.assert_allclose(gradient, numeric_gradient(*case), rtol=1e-6, atol=1e-8)


ORDERS = {
    "as they are": COLUMNS,
    "kinds in turn": (
        InputColumn("periodic", 0, 2, 3), InputColumn("embedding", 1, 2, 4),
        InputColumn("periodic", 1, 1, 2),
    ),
    "none with parameters": tuple(c for c in COLUMNS if not n_column_params(c)),
    "plain ones between": (
        InputColumn("number", 0), InputColumn("embedding", 1, 2, 4), InputColumn("binary", 2, 1, 2),
        InputColumn("periodic", 1, 2, 2), InputColumn("number", 1),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ORDERS)
def test_gradient_of_other_columns(name, rng):
    case = make_table_case(rng, columns=ORDERS[name], dropout=0.3)
    _, gradient = loss_and_gradient(*case)
    np.testing.assert_allclose(gradient, numeric_gradient(*case), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("scaled", [True, False])
@pytest.mark.parametrize("hidden", [(), (7,), (5, 4, 3)])
def test_twin_of_columns(hidden, scaled, rng):
    spec = make_table_spec(hidden, 2, scaled=scaled)
    network, n_rows = random_network(rng, spec), SPAN + 9
    table, y = random_table(rng, n_rows), rng.standard_normal((n_rows, 2))
    weights = rng.uniform(0.5, 1.5, n_rows)
    case = spec, network.layouts[0], network.params(0), table_features(table), y, weights
    total, gradient = loss_and_gradient(*case)
    expected, *twins = table_gradients(
        network.coefs, network.intercepts, COLUMNS, *column_params(network), "mish",
        "squared_error", table, y, weights,
    )  # fmt: skip
    assert total == pytest.approx(expected, rel=1e-11)
    coefs, intercepts, columns, scales = twins
    flat = [array.ravel() for array in (*coefs, *intercepts, columns, scales)]
    twin = np.concatenate(flat if scaled else flat[:-1])
    assert scales.size == N_INPUTS
    np.testing.assert_allclose(gradient, twin, rtol=1e-9, atol=1e-12)

"""Forward and backward over the layer table, against differences and the NumPy twin."""

import numpy as np
import pytest
from numpy_twin import gradients, loss_parameters, loss_targets
from scipy import sparse

from skdnn.kernels import epoch as entries
from skdnn.kernels.activations import ACTIVATIONS
from skdnn.kernels.losses import LOSSES
from skdnn.kernels.network import Program, State, gather
from skdnn.kernels.optimizers import CLIP_NORM, N_HYPER, OPTIMIZERS
from skdnn.kernels.team import make_team
from skdnn.network.layout import Layout
from skdnn.network.spec import NetworkSpec
from skdnn.training import data
from skdnn.training.data import make_features

N_ROWS = 6
NORMALIZATIONS = [None, "batch", "layer"]


def make_case(activation, loss, hidden, rng, dropout=0.0, normalization=None):
    n_out = 1 if LOSSES[loss].link == "logistic" else 3
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


def loss_and_gradient(spec, layout, params, X, y, weights, rows=None):
    """One step of SGD with a learning rate of 0: the parameters stay, the gradient is kept."""
    hyper = np.zeros(N_HYPER)
    hyper[CLIP_NORM] = np.inf
    program = Program(
        layout.table, layout.dropout, layout.columns, layout.inputs, layout.segments,
        layout.factors, hyper, LOSSES[spec.loss].code, np.array(spec.loss_parameters),
        OPTIMIZERS["sgd"].code,
    )  # fmt: skip
    n_rows = y.shape[0]
    state = State(
        params.copy(), np.zeros(layout.n_buffers), np.full(layout.n_params, np.nan),
        np.zeros(layout.n_params), layout.arena(n_rows, np.float64), layout.scratch(np.float64),
        layout.moments(n_rows, np.float64), np.empty(0), np.empty(n_rows * X.shape[1]),
        np.empty(y.size), np.empty(n_rows), np.zeros(1, np.int64),
    )  # fmt: skip
    # Nothing may be read before it is written.
    state.arena[:] = state.scratch[:] = state.moments[:] = state.x_batch[:] = np.nan
    inputs = [y.copy(), weights.copy()]
    for array in inputs:
        array.flags.writeable = False
    features = make_features(X.copy(), np.dtype(float), rows)
    status, total = entries.train_epoch(
        program, layout.normalization, None, state, make_team(1, layout.n_blocks)[0], features,
        *inputs, np.arange(n_rows), np.zeros(1), np.ones(1), n_rows, np.uint64(3),
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
        out[i] = (values[0] - 8 * values[1] + 8 * values[2] - values[3]) / (12 * eps) / N_ROWS
    return out


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
        parameters=np.array(spec.loss_parameters), normalization=normalization,
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

"""Forward and backward over the layer table, against differences and the NumPy twin."""

import numpy as np
import pytest
from numpy_twin import gradients

from skdnn.kernels import epoch as entries
from skdnn.kernels.activations import ACTIVATIONS
from skdnn.kernels.losses import LOSSES
from skdnn.kernels.network import Program, State
from skdnn.kernels.optimizers import N_HYPER, OPTIMIZERS
from skdnn.network.layout import Layout
from skdnn.network.spec import NetworkSpec

N_ROWS = 6


def make_case(activation, loss, hidden, rng, dropout=0.0):
    n_out = 1 if loss == "binary_log_loss" else 3
    spec = NetworkSpec((4, *hidden, n_out), activation, (dropout,) * len(hidden), loss)
    layout = Layout(spec)
    params = rng.uniform(-0.7, 0.7, layout.n_params)
    X = rng.standard_normal((N_ROWS, 4))
    weights = rng.uniform(0.5, 1.5, N_ROWS)
    if LOSSES[loss].class_index:
        y = rng.integers(0, n_out, (N_ROWS, 1)).astype(float)
    elif loss == "binary_log_loss":
        y = rng.integers(0, 2, (N_ROWS, 1)).astype(float)
    else:
        y = rng.standard_normal((N_ROWS, n_out))
    return spec, layout, params, X, y, weights


def loss_and_gradient(spec, layout, params, X, y, weights):
    """One step of SGD with a learning rate of 0: the parameters stay, the gradient is kept."""
    program = Program(
        layout.table, layout.dropout, layout.segments, layout.factors, np.zeros(N_HYPER),
        LOSSES[spec.loss].code, OPTIMIZERS["sgd"].code,
    )  # fmt: skip
    state = State(
        params.copy(), np.full(layout.n_params, np.nan), np.zeros(layout.n_params),
        layout.arena(len(X), np.float64), np.empty(y.size), np.empty(len(X)),
        np.zeros(1, np.int64),
    )  # fmt: skip
    state.arena[:] = np.nan  # nothing may be read before it is written
    inputs = [X.copy(), y.copy(), weights.copy()]
    for array in inputs:
        array.flags.writeable = False
    status, total = entries.train_epoch(
        program, state, *inputs, np.arange(len(X)), np.zeros(1), len(X), np.uint64(3)
    )
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


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_gradient(activation, loss, rng):
    case = make_case(activation, loss, (5, 3), rng)
    _, gradient = loss_and_gradient(*case)
    np.testing.assert_allclose(gradient, numeric_gradient(*case), rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("activation", ["tanh", "mish", "relu"])
def test_gradient_under_dropout(activation, rng):
    # The masks depend on seed and step only, so differences see one and the same network.
    case = make_case(activation, "log_loss", (8, 7), rng, dropout=0.4)
    total, gradient = loss_and_gradient(*case)
    np.testing.assert_allclose(gradient, numeric_gradient(*case), rtol=1e-7, atol=1e-9)
    without, _ = loss_and_gradient(*make_case(activation, "log_loss", (8, 7), rng)[:2], *case[2:])
    assert total != without


@pytest.mark.parametrize("hidden", [(), (7,), (5, 4, 3, 2)])
@pytest.mark.parametrize("loss", LOSSES)
def test_twin(loss, hidden, rng):
    spec, layout, params, X, y, weights = make_case("mish", loss, hidden, rng)
    total, gradient = loss_and_gradient(spec, layout, params, X, y, weights)
    expected, coef_grads, intercept_grads = gradients(
        layout.coefs(params), layout.intercepts(params), "mish", loss, X, y, weights
    )
    assert total == pytest.approx(expected, rel=1e-12)
    for ours, twin in zip(layout.coefs(gradient), coef_grads, strict=True):
        np.testing.assert_allclose(ours, twin, rtol=1e-11, atol=1e-14)
    for ours, twin in zip(layout.intercepts(gradient), intercept_grads, strict=True):
        np.testing.assert_allclose(ours, twin, rtol=1e-11, atol=1e-14)

"""The entries: all compiled functions that Python calls."""

import math

import numpy as np

from skdnn._dtypes import ACCUMULATOR
from skdnn._jit import entry, kernel
from skdnn.kernels.losses import loss_gradient
from skdnn.kernels.network import batch_gradient, forward
from skdnn.kernels.optimizers import update

# Status codes.
OK, NON_FINITE_LOSS = range(2)


@kernel
def gather(X, y, weights, rows, state):
    """Copy rows of the data to where ``batch_gradient`` expects a batch."""
    n_in, n_targets = X.shape[1], y.shape[1]
    x_batch, y_batch, w_batch = state.arena, state.y_batch, state.w_batch
    for i in range(rows.size):
        row = rows[i]
        for j in range(n_in):
            x_batch[i * n_in + j] = X[row, j]
        for j in range(n_targets):
            y_batch[i * n_targets + j] = y[row, j]
        w_batch[i] = weights[row]


@entry
def train_epoch(program, state, X, y, weights, order, rates, batch_size, seed):
    """Train on the rows ``order``, batch after batch.

    Parameters
    ----------
    program : Program
    state : State, changed in place; its arena has a capacity of ``batch_size`` rows
    X : (n_samples, n_in) array
    y : (n_samples, n_targets) array
    weights : (n_samples,) array with mean 1
    order : (n_order,) int64 array, rows of X
    rates : (ceil(n_order / batch_size),) float64 array, learning rate of every step
    batch_size : int
    seed : uint64, of the dropout masks

    Returns
    -------
    status : int
    total : float64
        Sum over the rows of weighted loss plus penalty, each at the parameters that it was
        computed with.
    """
    total = ACCUMULATOR(0)
    for step in range(rates.size):
        start = step * batch_size
        n_rows = min(batch_size, order.size - start)
        gather(X, y, weights, order[start : start + n_rows], state)
        state.step[0] += 1
        loss = batch_gradient(program, state, batch_size, n_rows, seed)
        if not math.isfinite(loss):
            return NON_FINITE_LOSS, total
        penalty = update(
            program.optimizer_code, program.hyper, rates[step], state.step[0], n_rows,
            program.segments, program.factors, state.params, state.grads, state.slots,
        )  # fmt: skip
        total += loss + penalty
    return OK, total


@entry
def sum_gradients(program, state, X, y, weights, order, capacity, grads_out):
    """Add the gradients of the rows ``order`` to ``grads_out``; nothing is dropped or updated.

    Parameters
    ----------
    program, state, X, y, weights : as in ``train_epoch``
    order : (n_order,) int64 array
    capacity : int
        Rows that the arena has room for.
    grads_out : (n_params,) float64 array
        The gradient of the sum of the losses is added.

    Returns
    -------
    total : float64
        Sum of the weighted losses.
    """
    total = ACCUMULATOR(0)
    for start in range(0, order.size, capacity):
        n_rows = min(capacity, order.size - start)
        gather(X, y, weights, order[start : start + n_rows], state)
        total += batch_gradient(program, state, capacity, n_rows, np.uint64(0))
        for i in range(grads_out.size):
            grads_out[i] += n_rows * ACCUMULATOR(state.grads[i])
    return total


@entry
def predict_raw(program, params, arena, capacity, X, raw_out):
    """Raw predictions of all rows of X, in blocks of ``capacity`` rows.

    Parameters
    ----------
    program : Program
    params : (n_params,) array
    arena : scratch for ``capacity`` rows
    X : (n_samples, n_in) array
    raw_out : (n_samples, n_out) array, out
    """
    n_samples, n_in = X.shape
    n_out = raw_out.shape[1]
    for start in range(0, n_samples, capacity):
        n_rows = min(capacity, n_samples - start)
        for i in range(n_rows):
            for j in range(n_in):
                arena[i * n_in + j] = X[start + i, j]
        raw = forward(program, params, arena, capacity, n_rows, np.uint64(0), -1)
        for i in range(n_rows):
            for j in range(n_out):
                raw_out[start + i, j] = raw[i * n_out + j]


@entry
def loss_value(code, raw, y, weights, scratch):
    """Sum of the weighted losses of (n_rows, n_out) raw predictions.

    ``y`` is flat, as a batch is; ``scratch`` has as many elements as ``raw``.
    """
    n_rows, n_out = raw.shape
    return loss_gradient(code, n_rows, n_out, raw.reshape(-1), y, weights, scratch)

"""The entries: all compiled functions that Python calls."""

import math

import numpy as np

from skdnn._dtypes import ACCUMULATOR
from skdnn._jit import entry, kernel, part
from skdnn.kernels.losses import loss_gradient
from skdnn.kernels.network import EVALUATE, VALUE, batch_gradient, forward, gather
from skdnn.kernels.optimizers import UPDATE_BLOCK, update

# Status codes.
OK, NON_FINITE_LOSS = range(2)


@kernel
def load_batch(features, y, weights, rows, state):
    """Copy rows of the data to where ``batch_gradient`` expects a batch."""
    gather(features, rows, state.x_batch)
    n_targets = y.shape[1]
    for i in range(rows.size):
        for j in range(n_targets):
            state.y_batch[i * n_targets + j] = y[rows[i], j]
        state.w_batch[i] = weights[rows[i]]


@entry
def train_epoch(
    program, normalization, state, features, y, weights, order, rates, strengths, batch_size, seed
):
    """Train on the rows ``order``, batch after batch.

    Parameters
    ----------
    program : Program
    normalization : int or None, code of ``kernels/normalization.py``
    state : State, changed in place; its arena has a capacity of ``batch_size`` rows
    features : Features
    y : (n_samples, n_targets) array
    weights : (n_samples,) array with mean 1
    order : (n_order,) int64 array, rows of X
    rates : (ceil(n_order / batch_size),) float64 array, learning rate of every step
    strengths : float64 array as long, factor on dropout and weight decay of every step
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
        rows = part(order, start, min(batch_size, order.size - start))
        load_batch(features, y, weights, rows, state)
        state.step[0] += 1
        loss = batch_gradient(
            program, normalization, state, features, rows, batch_size, seed, state.step[0],
            strengths[step],
        )  # fmt: skip
        if not math.isfinite(loss):
            return NON_FINITE_LOSS, total
        penalty = update(
            program.optimizer_code, program.hyper, rates[step], strengths[step], state.step[0],
            rows.size, program.segments, program.factors, state.params, state.grads, state.slots,
            part(state.arena, state.arena.size - UPDATE_BLOCK, UPDATE_BLOCK),
        )  # fmt: skip
        total += loss + penalty
    return OK, total


@entry
def sum_gradients(program, normalization, state, features, y, weights, order, capacity, grads_out):
    """Add the gradients of the rows ``order`` to ``grads_out``; nothing is dropped or updated.

    Parameters
    ----------
    program, normalization, state, features, y, weights : as in ``train_epoch``
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
        rows = part(order, start, min(capacity, order.size - start))
        load_batch(features, y, weights, rows, state)
        total += batch_gradient(
            program, normalization, state, features, rows, capacity, np.uint64(0), EVALUATE, 0.0
        )
        for i in range(grads_out.size):
            grads_out[i] += rows.size * ACCUMULATOR(state.grads[i])
    return total


@entry
def predict_raw(program, normalization, state, features, order, capacity, raw_out):
    """Raw predictions of the rows ``order`` of X, in blocks of ``capacity`` rows.

    Parameters
    ----------
    program : Program
    normalization : int or None
    state : State, of which parameters and buffers are read, and arena, moments and x_batch used
    features : Features
    order : (n_order,) int64 array
    capacity : int
    raw_out : (n_order, n_out) array, out
    """
    n_out = raw_out.shape[1]
    place = capacity * program.table[program.table.shape[0] - 1, VALUE]
    for start in range(0, order.size, capacity):
        rows = part(order, start, min(capacity, order.size - start))
        gather(features, rows, state.x_batch)
        forward(
            program, normalization, state, features, rows, capacity, np.uint64(0), EVALUATE, 0.0
        )
        for i in range(rows.size):
            for j in range(n_out):
                raw_out[start + i, j] = state.arena[place + i * n_out + j]


@entry
def loss_value(code, raw, y, weights, parameters, scratch):
    """Sum of the weighted losses of raw predictions.

    ``raw``, (n_rows * n_out,), and ``y`` are flat, as a batch is; ``scratch`` has as many elements
    as ``raw``.
    """
    n_rows = weights.size
    n_out = raw.size // n_rows
    return loss_gradient(code, n_rows, n_out, raw, y, weights, parameters, scratch)

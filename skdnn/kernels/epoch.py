"""The entries: all compiled functions that Python calls."""

import math

from skdnn._dtypes import ACCUMULATOR
from skdnn._jit import entry, kernel
from skdnn.kernels.losses import loss_gradient
from skdnn.kernels.network import arena_block, batch_gradient, predict_block
from skdnn.kernels.optimizers import update

# Status codes.
OK, NON_FINITE_LOSS = range(2)


@kernel
def copy_row(source, i, target, j):
    """``target[j] = source[i]``; a slice assignment would compile NumPy's error messages too."""
    for k in range(source.shape[1]):
        target[j, k] = source[i, k]


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
    n_in = X.shape[1]
    y_batch, w_batch = state.y_batch, state.w_batch
    total = ACCUMULATOR(0)
    for step in range(rates.size):
        start = step * batch_size
        n_rows = min(batch_size, order.size - start)
        x_batch = arena_block(state.arena, batch_size, 0, n_rows, n_in)
        for i in range(n_rows):
            row = order[start + i]
            copy_row(X, row, x_batch, i)
            copy_row(y, row, y_batch, i)
            w_batch[i] = weights[row]
        state.step[0] += 1
        loss = batch_gradient(
            program, state, batch_size, x_batch, y_batch[:n_rows], w_batch[:n_rows], seed
        )
        if not math.isfinite(loss):
            return NON_FINITE_LOSS, total
        penalty = update(
            program.optimizer_code, program.hyper, rates[step], state.step[0], n_rows,
            program.segments, program.factors, state.params, state.grads, state.slots,
        )  # fmt: skip
        total += loss + penalty
    return OK, total


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
    for start in range(0, n_samples, capacity):
        n_rows = min(capacity, n_samples - start)
        x = arena_block(arena, capacity, 0, n_rows, n_in)
        for i in range(n_rows):
            copy_row(X, start + i, x, i)
        raw = predict_block(program, params, arena, capacity, n_rows)
        for i in range(n_rows):
            copy_row(raw, i, raw_out, start + i)


@entry
def loss_value(code, raw, y, weights, scratch):
    """Sum of the weighted losses of raw predictions; ``scratch`` is shaped as ``raw``."""
    return loss_gradient(code, raw, y, weights, scratch)

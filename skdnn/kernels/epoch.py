"""The entries: all compiled functions that Python calls."""

import math

import numpy as np

from skdnn._dtypes import ACCUMULATOR
from skdnn._jit import entry, kernel, part, prefetch
from skdnn.kernels.columns import N_DENSE
from skdnn.kernels.losses import loss_gradient
from skdnn.kernels.network import (
    DERIVATIVE,
    EVALUATION,
    N_OUT,
    VALUE,
    Step,
    backward_rows,
    backward_weights,
    drop_gradients,
    forward,
    load_inputs,
    prepare_inputs,
)
from skdnn.kernels.optimizers import update
from skdnn.kernels.team import LOSS, ROWS, share, wait_for_all

# Status codes.
OK, NON_FINITE_LOSS, GIVEN_UP = range(3)


@kernel
def load_batch(program, encoding, state, samples, rows, ahead, first):
    """Bring rows of the data to their places in a batch, from ``first`` on.

    The rows ``ahead`` are those of the next batch.
    """
    y, weights, n_targets = samples.y, samples.weights, samples.y.shape[1]
    if samples.features.indptr.size == 0:
        n_dense = program.inputs[N_DENSE]
        load_inputs(program, encoding, state, samples.features, rows, ahead, first, n_dense)
    for i in range(rows.size):
        for j in range(n_targets):
            state.y_batch[(first + i) * n_targets + j] = y[rows[i], j]
        state.w_batch[first + i] = weights[rows[i]]
        if i < ahead.size:
            prefetch(y, ahead[i] * n_targets)
            prefetch(weights, ahead[i])


@kernel
def batch_gradient(program, normalization, encoding, state, team, samples, rows, ahead, step):
    """Loss and gradients of one batch, the work shared by a team.

    Returns
    -------
    status : int
        If it is not ``OK``, there are no gradients.
    loss : float64
        Sum of the weighted losses, without penalty. ``state.grads`` holds the gradient of
        ``loss / n_rows``.
    """
    first, stop = share(team, rows.size, ROWS)
    own = part(rows, first, stop - first)
    _, next_stop = share(team, ahead.size, ROWS)
    own_ahead = part(ahead, first, max(0, next_stop - first))
    load_batch(program, encoding, state, samples, own, own_ahead, first)
    if encoding is not None:
        prepare_inputs(program, state, False)
    forward(program, normalization, encoding, state, samples.features, own, first, step)
    if not wait_for_all(team.n_workers, team.barrier):
        return GIVEN_UP, 0.0
    if team.worker == 0:
        last = program.table.shape[0] - 1
        n_raw = rows.size * program.table[last, N_OUT]
        raw = part(state.arena, state.capacity * program.table[last, VALUE], n_raw)
        dz = part(state.arena, state.capacity * program.table[last, DERIVATIVE], n_raw)
        team.values[LOSS] = loss_gradient(
            program.uncommon, program.loss_code, rows.size, program.table[last, N_OUT], raw,
            state.y_batch, state.w_batch, program.loss_parameters, dz,
        )  # fmt: skip
    if not wait_for_all(team.n_workers, team.barrier):
        return GIVEN_UP, 0.0
    loss = team.values[LOSS]
    if not math.isfinite(loss):
        return NON_FINITE_LOSS, loss
    backward_rows(program, normalization, encoding, state, first, own.size)
    if encoding is not None:
        drop_gradients(program, state, first, own.size, step)
    if not wait_for_all(team.n_workers, team.barrier):
        return GIVEN_UP, loss
    backward_weights(program, normalization, encoding, state, team, samples.features, rows, step)
    return OK if wait_for_all(team.n_workers, team.barrier) else GIVEN_UP, loss


@entry
def train_epoch(
    program, normalization, encoding, state, team, samples, order, rates, regularization_factors,
    seed,
):  # fmt: skip
    """Train on the rows ``order``, batch after batch.

    Parameters
    ----------
    program : Program
    normalization : int or None, code of ``kernels/normalization.py``
    encoding : int or None, whether inputs are made from columns of a table
    state : State, changed in place; its capacity is the size of a batch
    team : Team, of one thread if there is a normalization
    samples : Samples
    order : (n_order,) int64 array, rows of X
    rates : (ceil(n_order / capacity),) float64 array, learning rate of every step
    regularization_factors : float64 array as long, factor on dropout and weight decay
    seed : uint64, of the dropout masks

    Returns
    -------
    status : int
    total : float64
        Sum over the rows of weighted loss plus penalty, each at the parameters that it was
        computed with.
    """
    total = ACCUMULATOR(0)
    before, batch_size = state.step[0], state.capacity
    for i in range(rates.size):
        start = i * batch_size
        step = Step(before + i + 1, seed, rates[i], regularization_factors[i])
        rows = part(order, start, min(batch_size, order.size - start))
        stop = start + rows.size
        ahead = part(order, stop, min(batch_size, order.size - stop))
        status, loss = batch_gradient(
            program, normalization, encoding, state, team, samples, rows, ahead, step
        )
        if team.worker == 0:
            state.step[0] = step.number
        if status != OK:
            return status, total
        if not update(program, state, team, step, rows.size):
            return GIVEN_UP, total
        total += loss
        for block in range(team.penalties.size):
            total += team.penalties[block]
    return OK, total


@entry
def sum_gradients(program, normalization, encoding, state, team, samples, order, grads_out):
    """Add the gradients of the rows ``order`` to ``grads_out``; nothing is dropped or updated.

    Parameters
    ----------
    program, normalization, encoding, state, team, samples : as in ``train_epoch``
    order : (n_order,) int64 array
    grads_out : (n_params,) float64 array
        The gradient of the sum of the losses is added; that of one thread is whole.

    Returns
    -------
    total : float64
        Sum of the weighted losses.
    """
    total, capacity = ACCUMULATOR(0), state.capacity
    for start in range(0, order.size, capacity):
        rows = part(order, start, min(capacity, order.size - start))
        _, loss = batch_gradient(
            program, normalization, encoding, state, team, samples, rows, part(order, 0, 0),
            EVALUATION,
        )  # fmt: skip
        total += loss
        for i in range(grads_out.size):
            grads_out[i] += rows.size * ACCUMULATOR(state.grads[i])
    return total


@entry
def predict_raw(program, normalization, encoding, state, features, order, raw_out):
    """Raw predictions of the rows ``order`` of X, in blocks of the state's capacity.

    Parameters
    ----------
    program : Program
        With the first rows of its table alone, the pre-activations of the last of these layers are
        the predictions.
    normalization, encoding : int or None
    state : State, of which parameters and buffers are read, the rest is scratch memory
    features : Features
    order : (n_order,) int64 array
    raw_out : (n_order, n_out) array, out
    """
    n_out, capacity = raw_out.shape[1], state.capacity
    place = capacity * program.table[program.table.shape[0] - 1, VALUE]
    for start in range(0, order.size, capacity):
        rows = part(order, start, min(capacity, order.size - start))
        if features.indptr.size == 0:
            load_inputs(
                program, encoding, state, features, rows, part(order, 0, 0), np.int64(0),
                program.inputs[N_DENSE],
            )  # fmt: skip
        if encoding is not None and start == 0:
            prepare_inputs(program, state, order.size == 1)
        forward(program, normalization, encoding, state, features, rows, np.int64(0), EVALUATION)
        for i in range(rows.size):
            for j in range(n_out):
                raw_out[start + i, j] = state.arena[place + i * n_out + j]


@entry
def make_inputs(program, encoding, state, features, order, x_out):
    """Inputs of the first layer (n_order, n_in), before their scales, of the rows ``order``.

    The capacity of the state is 1 row at least; ``program`` to ``features`` are as in
    ``train_epoch``.
    """
    n_in = x_out.shape[1]
    for i in range(order.size):
        load_inputs(
            program, encoding, state, features, part(order, i, 1), part(order, 0, 0), np.int64(0),
            n_in,
        )  # fmt: skip
        for j in range(n_in):
            x_out[i, j] = state.x_batch[j]


@entry
def loss_value(uncommon, code, raw, y, weights, parameters, scratch):
    """Sum of the weighted losses of raw predictions.

    ``raw``, (n_rows * n_out,), and ``y`` are flat, as a batch is; ``scratch`` has as many elements
    as ``raw``.
    """
    n_rows = weights.size
    n_out = raw.size // n_rows
    return loss_gradient(uncommon, code, n_rows, n_out, raw, y, weights, parameters, scratch)

"""Walks the layer table forward and backward.

Scratch memory is one vector, the arena, cut by row capacity C (the rows of the largest batch):
``[a_0: C * n_out_0 | ... | d_0: C * n_out_0 | ... | n_0 ... | g: C * widest | t]`` with the
activations ``a``, their derivatives ``d``, which the backward pass turns into gradients in place,
the normalised pre-activations ``n`` where there are any, one gradient ``g`` on its way to the layer
below, and the transpose ``t`` of a layer's weights. The last layer's ``a`` is the raw prediction.
"""

import math
from typing import Any, NamedTuple

import numpy as np

from skdnn._jit import kernel, part
from skdnn.kernels.activations import activation_forward
from skdnn.kernels.dense import (
    column_sums,
    dense_backward_input,
    dense_backward_weight,
    dense_forward,
    row_products,
)
from skdnn.kernels.dropout import dropout_forward, dropout_input, dropout_key
from skdnn.kernels.losses import loss_gradient
from skdnn.kernels.normalization import (
    LAYER,
    VARIANCE_EPSILON,
    batch_backward,
    batch_forward,
    batch_moments,
    layer_backward,
    layer_forward,
    normalised_sums,
    running_share,
)
from skdnn.kernels.sparse import sparse_backward, sparse_forward

# Columns of the layer table. WEIGHT, BIAS and GAIN are offsets into the parameters, MOMENTS into
# the buffers, VALUE, DERIVATIVE and NORMAL into the arena in units of its capacity.
N_IN, N_OUT, ACTIVATION, WEIGHT, BIAS, GAIN, MOMENTS, VALUE, DERIVATIVE, NORMAL = range(10)
N_COLUMNS = 10

#: What the mask of the features is told apart from those of the hidden layers by.
INPUT_MASK = np.int64(4095)

#: The step of an evaluation: nothing is dropped, batches are normalised by running moments.
EVALUATE = np.int64(-1)


class Program(NamedTuple):
    """What is computed: constant during a fit, the same types for every architecture."""

    table: Any  # (n_layers, N_COLUMNS) int64
    dropout: Any  # (n_layers,) float64, rate at the input of each layer
    segments: Any  # (n_segments, 2) int64, bounds of parameter segments
    factors: Any  # (n_segments, N_FACTORS) float64, what the optimiser multiplies by
    hyper: Any  # (N_HYPER,) float64
    loss_code: int
    loss_parameters: Any  # (n_out,) float64
    optimizer_code: int


class State(NamedTuple):
    """What changes: all in the dtype of the network, but ``step``."""

    params: Any  # (n_params,)
    buffers: Any  # (n_buffers,), running mean and variance of every normalised layer
    grads: Any  # (n_params,)
    slots: Any  # (n_slots * n_params,), of the optimiser
    arena: Any  # scratch
    moments: Any  # scratch: mean and spread of a batch, laid out as the buffers, or spread of rows
    x_batch: Any  # (batch_size * n_in,), scratch, empty for sparse features
    y_batch: Any  # (batch_size * n_targets,), scratch
    w_batch: Any  # (batch_size,), scratch
    step: Any  # (1,) int64, steps taken


class Features(NamedTuple):
    """X, dense or in compressed sparse rows; the other one is empty."""

    dense: Any  # (n_samples, n_in)
    data: Any  # (n_stored,)
    indices: Any  # (n_stored,) int32, columns
    indptr: Any  # (n_samples + 1,) int64, empty if X is dense


@kernel
def gather(features, rows, x_batch):
    """Copy dense rows to where the first layer expects a batch; sparse ones stay where they are."""
    if features.indptr.size == 0:
        X = features.dense
        n_in = X.shape[1]
        for i in range(rows.size):
            row = rows[i]
            for j in range(n_in):
                x_batch[i * n_in + j] = X[row, j]


@kernel
def normalize_forward(program, normalization, state, layer, capacity, n_rows, step, z):
    """Normalise pre-activations in place; with a negative step by the running moments."""
    table = program.table
    n = table[layer, N_OUT]
    gain = part(state.params, table[layer, GAIN], n)
    shift = part(state.params, table[layer, BIAS], n)
    normal = part(state.arena, capacity * table[layer, NORMAL], n_rows * n)
    if normalization == LAYER:
        spread = part(state.moments, layer * capacity, n_rows)
        layer_forward(n_rows, n, z, gain, shift, spread, normal)
        return
    start = table[layer, MOMENTS]
    running_mean = part(state.buffers, start, n)
    running_variance = part(state.buffers, start + n, n)
    mean, spread = part(state.moments, start, n), part(state.moments, start + n, n)
    if step >= 0:
        mass = batch_moments(n_rows, n, z, state.w_batch, mean, spread)
        share = z.dtype.type(running_share(step, mass / capacity))
        for j in range(n):
            running_mean[j] += share * (mean[j] - running_mean[j])
            running_variance[j] += share * (spread[j] - running_variance[j])
    else:
        for j in range(n):
            mean[j], spread[j] = running_mean[j], running_variance[j]
    for j in range(n):
        spread[j] = z.dtype.type(1) / math.sqrt(spread[j] + z.dtype.type(VARIANCE_EPSILON))
    batch_forward(n_rows, n, z, gain, shift, mean, spread, normal)


@kernel
def normalize_backward(program, normalization, state, layer, capacity, n_rows, dz):
    """Gradients of gain and shift; ``dz`` becomes the gradient of the pre-activations."""
    table = program.table
    n = table[layer, N_OUT]
    gain = part(state.params, table[layer, GAIN], n)
    gain_grad = part(state.grads, table[layer, GAIN], n)
    shift_grad = part(state.grads, table[layer, BIAS], n)
    normal = part(state.arena, capacity * table[layer, NORMAL], n_rows * n)
    normalised_sums(n_rows, n, normal, dz, gain_grad, shift_grad)
    if normalization == LAYER:
        spread = part(state.moments, layer * capacity, n_rows)
        layer_backward(n_rows, n, normal, spread, gain, dz)
    else:
        start = table[layer, MOMENTS] + n
        spread = part(state.moments, start, n)
        batch_backward(n_rows, n, normal, state.w_batch, spread, gain, gain_grad, shift_grad, dz)


@kernel
def forward(program, normalization, state, features, rows, capacity, seed, step, strength):
    """Activations and derivatives of all layers; with a negative step nothing is dropped.

    The last layer's activations, in the arena, are the raw prediction.

    Parameters
    ----------
    program : Program
    normalization : int or None
        BATCH, LAYER or none. An argument, since Numba leaves out the branches of a None: most
        networks have no use for them, and they are a quarter of the time to compile.
    state : State
        ``x_batch`` holds the rows, if they are dense.
    features : Features
    rows : (n_rows,) int64 array
    capacity : int
        Rows that the arena is cut for.
    seed : uint64
    step : int
    strength : float
        Factor on the rates of dropout.
    """
    table, n_rows = program.table, rows.size
    last = table.shape[0] - 1
    x = state.x_batch
    for layer in range(last + 1):
        n_in, n_out = table[layer, N_IN], table[layer, N_OUT]
        z = part(state.arena, capacity * table[layer, VALUE], n_rows * n_out)
        weight = part(state.params, table[layer, WEIGHT], n_in * n_out)
        bias = part(state.params, table[layer, BIAS], n_out)
        normalized = False
        if normalization is not None:
            normalized = layer < last
        if layer == 0:
            rate = program.dropout[0] * strength if step >= 0 else 0.0
            key = dropout_key(seed, step, INPUT_MASK) if rate > 0 else seed
            if features.indptr.size > 0:
                sparse_forward(
                    n_rows, n_in, n_out, features, rows, weight, bias, not normalized, rate, key, z
                )
            elif rate > 0:
                dropout_input(part(x, 0, n_rows * n_in), rate, key)
        if 0 < layer == last and n_out == 1:
            row_products(n_rows, n_in, x, weight, bias[0], z)
        elif layer > 0 or features.indptr.size == 0:
            dense_forward(n_rows, n_in, n_out, x, weight, bias, not normalized, z)
        if layer < last:
            if normalization is not None:
                normalize_forward(program, normalization, state, layer, capacity, n_rows, step, z)
            d = part(state.arena, capacity * table[layer, DERIVATIVE], n_rows * n_out)
            activation_forward(table[layer, ACTIVATION], z, d)
            rate = program.dropout[layer + 1] * strength
            if rate > 0 and step >= 0:
                dropout_forward(z, d, rate, dropout_key(seed, step, layer))
        x = z


@kernel
def multiply(a, b):
    """``a *= b``, element by element."""
    for i in range(a.size):
        a[i] *= b[i]


@kernel
def backward(program, normalization, state, features, rows, capacity, seed, step, strength):
    """Gradients of all parameters from the gradient of the raw prediction."""
    table, n_rows = program.table, rows.size
    last = table.shape[0] - 1
    # Behind all blocks: the gradient on its way down.
    scratch = table[last, NORMAL]
    for layer in range(last, -1, -1):
        n_in, n_out = table[layer, N_IN], table[layer, N_OUT]
        dz = part(state.arena, capacity * table[layer, DERIVATIVE], n_rows * n_out)
        normalized = False
        if normalization is not None:
            normalized = layer < last
            if normalized:
                normalize_backward(program, normalization, state, layer, capacity, n_rows, dz)
        if not normalized:
            column_sums(n_rows, n_out, dz, part(state.grads, table[layer, BIAS], n_out))
        weight_grad = part(state.grads, table[layer, WEIGHT], n_in * n_out)
        if layer == 0 and features.indptr.size > 0:
            rate = program.dropout[0] * strength if step >= 0 else 0.0
            key = dropout_key(seed, step, INPUT_MASK) if rate > 0 else seed
            sparse_backward(n_rows, n_in, n_out, features, rows, dz, rate, key, weight_grad)
        else:
            x = state.x_batch
            if layer > 0:
                x = part(state.arena, capacity * table[layer - 1, VALUE], n_rows * n_in)
            dense_backward_weight(n_rows, n_in, n_out, x, dz, weight_grad)
        if layer > 0:
            g = part(state.arena, capacity * scratch, n_rows * n_in)
            weight = part(state.params, table[layer, WEIGHT], n_in * n_out)
            weight_t = part(state.arena, state.arena.size - weight.size, weight.size)
            dense_backward_input(n_rows, n_in, n_out, dz, weight, weight_t, g)
            d = part(state.arena, capacity * table[layer - 1, DERIVATIVE], n_rows * n_in)
            multiply(d, g)


@kernel
def batch_gradient(program, normalization, state, features, rows, capacity, seed, step, strength):
    """Loss and gradients of one batch.

    Parameters
    ----------
    program : Program
    normalization : int or None
    state : State
        ``y_batch`` and ``w_batch`` hold the targets and weights of the batch, ``x_batch`` its
        features, if they are dense.
    features, rows, capacity, seed, step, strength : as in ``forward``

    Returns
    -------
    total : float64
        Sum of the weighted losses, without penalty. ``state.grads`` holds the gradient of
        ``total / n_rows``.
    """
    table, n_rows = program.table, rows.size
    last = table.shape[0] - 1
    n_out = table[last, N_OUT]
    forward(program, normalization, state, features, rows, capacity, seed, step, strength)
    raw = part(state.arena, capacity * table[last, VALUE], n_rows * n_out)
    dz = part(state.arena, capacity * table[last, DERIVATIVE], n_rows * n_out)
    total = loss_gradient(
        program.loss_code, n_rows, n_out, raw, state.y_batch, state.w_batch,
        program.loss_parameters, dz,
    )  # fmt: skip
    backward(program, normalization, state, features, rows, capacity, seed, step, strength)
    return total

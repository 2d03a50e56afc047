"""Walks the layer table forward and backward.

Scratch memory is one vector, the arena, cut by row capacity C (the rows of the largest batch):
``[x: C * n_in | a_0: C * n_out_0 | ... | d_0: C * n_out_0 | ... | g: C * widest | t]`` with the
activations ``a``, their derivatives ``d``, which the backward pass turns into gradients in place,
one gradient ``g`` on its way to the layer below, and the transpose ``t`` of a layer's weights.
The last layer's ``a`` is the raw prediction.
"""

from typing import Any, NamedTuple

from skdnn._jit import inlined, kernel
from skdnn.kernels.activations import activation_forward
from skdnn.kernels.dense import dense_backward_input, dense_backward_params, dense_forward
from skdnn.kernels.dropout import dropout_forward, dropout_key
from skdnn.kernels.losses import loss_gradient

# Columns of the layer table. WEIGHT and BIAS are offsets into the parameters, VALUE and
# DERIVATIVE offsets into the arena in units of its capacity.
N_IN, N_OUT, ACTIVATION, WEIGHT, BIAS, VALUE, DERIVATIVE, N_COLUMNS = range(8)


class Program(NamedTuple):
    """What is computed: constant during a fit, the same types for every architecture."""

    table: Any  # (n_layers, N_COLUMNS) int64
    dropout: Any  # (n_layers,) float64, rate after each layer
    segments: Any  # (n_segments, 2) int64, bounds of parameter segments
    factors: Any  # (n_segments, N_FACTORS) float64, what the optimiser multiplies by
    hyper: Any  # (N_HYPER,) float64
    loss_code: int
    optimizer_code: int


class State(NamedTuple):
    """What changes: all in the dtype of the network, but ``step``."""

    params: Any  # (n_params,)
    grads: Any  # (n_params,)
    slots: Any  # (n_slots * n_params,), of the optimiser
    arena: Any  # scratch
    y_batch: Any  # (batch_size * n_targets,), scratch
    w_batch: Any  # (batch_size,), scratch
    step: Any  # (1,) int64, steps taken


@kernel
def layer_weight(table, layer, vector):
    """The (n_in, n_out) weights of a layer, flat, in a vector of parameters or gradients."""
    start = table[layer, WEIGHT]
    return vector[start : start + table[layer, N_IN] * table[layer, N_OUT]]


@kernel
def layer_bias(table, layer, vector):
    """The (n_out,) biases of a layer in a vector of parameters or gradients."""
    start = table[layer, BIAS]
    return vector[start : start + table[layer, N_OUT]]


@kernel
def arena_block(arena, capacity, offset, size):
    """A block of ``size`` elements in the arena; ``offset`` in units of ``capacity``."""
    return arena[capacity * offset : capacity * offset + size]


@inlined
def forward(program, params, arena, capacity, n_rows, seed, step):
    """Activations and derivatives of all layers; with a negative step nothing is dropped.

    Returns
    -------
    raw : (n_rows * n_out,) array
        The raw prediction.
    """
    table = program.table
    last = table.shape[0] - 1
    x = arena[: n_rows * table[0, N_IN]]
    for layer in range(last + 1):
        n_in, n_out = table[layer, N_IN], table[layer, N_OUT]
        z = arena_block(arena, capacity, table[layer, VALUE], n_rows * n_out)
        weight, bias = layer_weight(table, layer, params), layer_bias(table, layer, params)
        dense_forward(n_rows, n_in, n_out, x, weight, bias, z)
        if layer < last:
            d = arena_block(arena, capacity, table[layer, DERIVATIVE], n_rows * n_out)
            activation_forward(table[layer, ACTIVATION], z, d)
            rate = program.dropout[layer]
            if rate > 0 and step >= 0:
                dropout_forward(z, d, rate, dropout_key(seed, step, layer))
        x = z
    return x


@kernel
def multiply(a, b):
    """``a *= b``, element by element."""
    for i in range(a.size):
        a[i] *= b[i]


@inlined
def backward(program, params, grads, arena, capacity, n_rows):
    """Gradients of all parameters from the gradient of the raw prediction."""
    table = program.table
    last = table.shape[0] - 1
    scratch = table[last, DERIVATIVE] + table[last, N_OUT]
    for layer in range(last, -1, -1):
        n_in, n_out = table[layer, N_IN], table[layer, N_OUT]
        dz = arena_block(arena, capacity, table[layer, DERIVATIVE], n_rows * n_out)
        # Offset 0 is the input of the first layer.
        below = table[layer - 1, VALUE] if layer > 0 else 0
        x = arena_block(arena, capacity, below, n_rows * n_in)
        weight_grad, bias_grad = layer_weight(table, layer, grads), layer_bias(table, layer, grads)
        dense_backward_params(n_rows, n_in, n_out, x, dz, weight_grad, bias_grad)
        if layer > 0:
            g = arena_block(arena, capacity, scratch, n_rows * n_in)
            weight = layer_weight(table, layer, params)
            weight_t = arena[arena.size - weight.size :]
            dense_backward_input(n_rows, n_in, n_out, dz, weight, weight_t, g)
            d = arena_block(arena, capacity, table[layer - 1, DERIVATIVE], n_rows * n_in)
            multiply(d, g)


@inlined
def batch_gradient(program, state, capacity, n_rows, seed):
    """Loss and gradients of one batch.

    Parameters
    ----------
    program : Program
    state : State
        ``y_batch`` and ``w_batch`` hold the targets and weights of the batch, the arena begins
        with its features.
    capacity : int
        Rows that the arena is cut for.
    n_rows : int
        Rows of the batch.

    Returns
    -------
    total : float64
        Sum of the weighted losses, without penalty. ``state.grads`` holds the gradient of
        ``total / n_rows``.
    """
    table = program.table
    last = table.shape[0] - 1
    n_out = table[last, N_OUT]
    raw = forward(program, state.params, state.arena, capacity, n_rows, seed, state.step[0])
    dz = arena_block(state.arena, capacity, table[last, DERIVATIVE], n_rows * n_out)
    total = loss_gradient(program.loss_code, n_rows, n_out, raw, state.y_batch, state.w_batch, dz)
    backward(program, state.params, state.grads, state.arena, capacity, n_rows)
    return total

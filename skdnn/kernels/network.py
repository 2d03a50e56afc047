"""Walks the layer table forward and backward.

Scratch memory is one vector, the arena, cut by row capacity C (the rows of the largest batch):
``[a_0: C * n_out_0 | ... | d_0: C * n_out_0 | ... | n_0 ... | g: C * widest | e: C * n_trained]``
with the activations ``a``, their derivatives ``d``, which the backward pass turns into gradients in
place, the normalized pre-activations ``n`` where there are any, one gradient ``g`` on its way to
the layer below, and the gradient ``e`` of the inputs that depend on parameters. The last layer's
``a`` is the raw prediction.
"""

import math
from typing import Any, NamedTuple

import numpy as np

from skdnn._jit import kernel, part, prefetch
from skdnn.kernels.activations import activation_forward
from skdnn.kernels.columns import (
    GRADIENT,
    N_DENSE,
    N_LOOKUPS,
    N_TRAINED,
    PLACE,
    SCALE,
    SCALED,
    WIDTH,
)
from skdnn.kernels.dense import (
    column_sums,
    dense_backward_input,
    dense_backward_weight,
    dense_forward,
    row_products,
)
from skdnn.kernels.dropout import (
    dropout_forward,
    dropout_gradient,
    dropout_input,
    dropout_key,
)
from skdnn.kernels.embeddings import (
    inputs_backward,
    inputs_forward,
    load_lookups,
    scaled_backward,
    scaled_weights,
)
from skdnn.kernels.lookups import (
    drop_lookups,
    lookups_backward,
    lookups_forward,
    row_sums,
    weight_sums,
)
from skdnn.kernels.normalization import (
    LAYER,
    VARIANCE_EPSILON,
    batch_backward,
    batch_forward,
    batch_moments,
    layer_backward,
    layer_forward,
    normalized_sums,
    running_share,
)
from skdnn.kernels.sparse import sparse_backward, sparse_forward
from skdnn.kernels.team import COLUMNS, ROWS, share

# Columns of the layer table. WEIGHT, BIAS and GAIN are offsets into the parameters, MOMENTS into
# the buffers, VALUE, DERIVATIVE and NORMAL into the arena in units of its capacity.
N_IN, N_OUT, ACTIVATION, WEIGHT, BIAS, GAIN, MOMENTS, VALUE, DERIVATIVE, NORMAL = range(10)
N_COLUMNS = 10

#: What the masks of the inputs are told apart from those of the hidden layers by.
INPUT_MASK, LOOKUP_MASK = np.int64(4095), np.int64(4094)

#: Half of a second-level cache, and what memory brings at once.
CACHE_BYTES, LINE_BYTES = 2**19, 64


class Program(NamedTuple):
    """The constants of a training; the types are the same for every architecture."""

    table: Any  # (n_layers, N_COLUMNS) int64
    dropout: Any  # (n_layers,) float64, rate at the input of each layer
    columns: Any  # (n_columns, N_ATTRIBUTES) int64, how a row becomes inputs; empty: as it is
    inputs: Any  # (N_INPUTS,) int64, items in kernels/columns.py
    segments: Any  # (n_segments, 2) int64, bounds of parameter segments
    factors: Any  # (n_segments, N_FACTORS) float64, what the optimizer multiplies by
    hyper: Any  # (N_HYPER,) float64
    loss_code: int
    loss_parameters: Any  # (n_out * n_parameters,) float64
    optimizer_code: int
    #: int or None: whether there is code for sparse rows and plain numbers, and for activations,
    #: losses and update rules whose records are not common. Without, the first fit of a table
    #: compiles two thirds of the code.
    uncommon: Any


class State(NamedTuple):
    """Arrays that training changes, in the dtype of the network unless said otherwise."""

    params: Any  # (n_params,)
    buffers: Any  # (n_buffers,), running mean and variance of every normalized layer
    grads: Any  # (n_params,)
    slots: Any  # (n_slots * n_params,), of the optimizer
    low: Any  # (n_params,), least and greatest value of each parameter; both empty without bounds
    high: Any
    arena: Any  # what a batch leaves behind in each layer
    scratch: Any  # transposed or scaled weights, a block of the optimizer
    moments: Any  # scratch: mean and spread of a batch, laid out as the buffers, or spread of rows
    numbers: Any  # (batch_size * n_numbers,), scratch, where rows are not inputs as they are
    x_batch: Any  # (batch_size * n_dense,), scratch, empty for sparse features
    places: Any  # (batch_size * n_lookups,) int64, scratch, of the columns that are looked up
    values: Any  # the same size, scratch, as well as
    shares: Any
    sorted_rows: Any  # (batch_size + widest column + 1,) int64, scratch of one thread
    y_batch: Any  # (batch_size * n_targets,), scratch
    w_batch: Any  # (batch_size,), scratch
    step: Any  # (1,) int64, steps taken
    capacity: int  # rows of the largest batch, which the arena is cut for


class Step(NamedTuple):
    """Settings of one step of the optimizer."""

    number: Any  # int64, from 1; -1 in an evaluation
    seed: Any  # uint64, of the dropout masks
    learning_rate: float
    regularization_factor: float  # on the rates of dropout and on weight decay


#: Nothing is dropped, batches are normalized by running moments.
EVALUATION = Step(np.int64(-1), np.uint64(0), 0.0, 0.0)


class Features(NamedTuple):
    """Rows of X where the user has them, dense or in compressed sparse rows.

    What there is not is empty; the types are the same for all.
    """

    #: int64: rows and columns of X, elements between rows and between columns; columns of the bins,
    #: and of the codes; from item 6 on for each of these columns the number of bins, or the largest
    #: code. Bins and codes are below, or not above, these numbers.
    shape: Any
    single: Any  # elements of a dense float32 X
    double: Any  # elements of a dense float64 X
    data: Any  # (n_stored,), in the dtype of the network
    indices: Any  # (n_stored,) int32, columns
    indptr: Any  # (n_rows + 1,) int64
    rows: Any  # (n_samples,) int64, the rows of X that are meant; empty if all are
    bins: Any  # elements of the (n_rows, n_binned) uint8 bins of numbers
    fractions: Any  # float32 elements of the same shape: how far into its bin a number lies
    codes: Any  # elements of the (n_rows, n_categorical) int32 codes of categories


class Samples(NamedTuple):
    """Training data of a network."""

    features: Features
    y: Any  # (n_samples, n_targets)
    weights: Any  # (n_samples,), of mean 1


@kernel
def copy_rows(shape, X, kept, rows, ahead, x_batch):
    """Copy dense rows, from any order of the elements and from either dtype.

    Of the rows ``ahead``, which are needed next, the memory is asked already.
    """
    n_in, row_stride, column_stride = shape[1], shape[2], shape[3]
    line = LINE_BYTES // X.itemsize
    # Small data are in the cache, a large batch would drive out what is there.
    far = X.size * X.itemsize > CACHE_BYTES and rows.size * n_in * X.itemsize < CACHE_BYTES
    n_ahead = ahead.size if far and column_stride == 1 else 0
    for i in range(rows.size):
        start = (kept[rows[i]] if kept.size > 0 else rows[i]) * row_stride
        x = part(x_batch, i * n_in, n_in)
        if column_stride == 1:
            source = part(X, start, n_in)
            for j in range(n_in):
                x[j] = source[j]
        else:
            for j in range(n_in):
                x[j] = X[start + j * column_stride]
        if i < n_ahead:
            start = (kept[ahead[i]] if kept.size > 0 else ahead[i]) * row_stride
            for j in range(0, n_in, line):
                prefetch(X, start + j)
            prefetch(X, start + n_in - 1)


@kernel
def gather(features, rows, ahead, x_batch):
    """Copy dense rows to where the first layer expects a batch; sparse ones stay where they are."""
    if features.single.size > 0:
        copy_rows(features.shape, features.single, features.rows, rows, ahead, x_batch)
    elif features.double.size > 0:
        copy_rows(features.shape, features.double, features.rows, rows, ahead, x_batch)


@kernel
def load_inputs(program, encoding, state, features, rows, ahead, first, n_in):
    """Put the first ``n_in`` inputs of dense rows to their place in a batch, from ``first`` on."""
    n_numbers = features.shape[1]
    x = part(state.x_batch, first * n_in, rows.size * n_in)
    if encoding is None:
        gather(features, rows, ahead, x)
    else:
        numbers = part(state.numbers, first * n_numbers, rows.size * n_numbers)
        gather(features, rows, ahead, numbers)
        inputs_forward(program, state, features, rows, numbers, n_in, x)
        if n_in == program.inputs[N_DENSE]:
            load_lookups(program, state, features, rows, first)


@kernel
def prepare_inputs(program, state, single_row):
    """What is made of the weights of the first layer once for all rows of a batch.

    The weights times the scales of the inputs, if these are learned; the sums for the columns that
    are looked up, with ``single_row`` only those that the first row of the batch needs.
    """
    table, inputs = program.table, program.inputs
    n_in, n_out = table[0, N_IN], table[0, N_OUT]
    weight = part(state.params, table[0, WEIGHT], n_in * n_out)
    if inputs[SCALE] >= 0:
        scale = part(state.params, inputs[SCALE], n_in)
        scaled = part(state.scratch, inputs[SCALED], n_in * n_out)
        scaled_weights(n_in, n_out, weight, scale, scaled)
        weight = scaled
    if single_row:
        row_sums(program, state, n_out, weight)
    else:
        weight_sums(program, state, n_out, weight)


@kernel
def encoded_forward(program, state, first, n_rows, weight, bias, with_bias, z):
    """Pre-activations of the first layer from inputs that are made of columns."""
    n_dense, n_out = program.inputs[N_DENSE], program.table[0, N_OUT]
    if n_dense > 0:
        x = part(state.x_batch, first * n_dense, n_rows * n_dense)
        dense_forward(
            n_rows, n_dense, n_out, x, part(weight, 0, n_dense * n_out), bias, with_bias, z
        )
    else:
        for i in range(n_rows):
            row = part(z, i * n_out, n_out)
            for j in range(n_out):
                row[j] = bias[j] if with_bias else z.dtype.type(0)
    lookups_forward(program, state, first, n_rows, n_out, weight, z)


@kernel
def first_forward(program, uncommon, encoding, state, features, rows, first, step, with_bias, z):
    """Pre-activations of the first layer, whose inputs may be dropped out.

    ``uncommon`` is an argument, because Numba leaves out branches by arguments that are None.
    """
    table, n_dense = program.table, program.inputs[N_DENSE]
    n_rows, n_in, n_out = rows.size, table[0, N_IN], table[0, N_OUT]
    x = part(state.x_batch, first * n_dense, n_rows * n_dense)
    weight = part(state.params, table[0, WEIGHT], n_in * n_out)
    bias = part(state.params, table[0, BIAS], n_out)
    rate = program.dropout[0] * step.regularization_factor if step.number >= 0 else 0.0
    key = dropout_key(step.seed, step.number, INPUT_MASK) if rate > 0 else step.seed
    if encoding is not None:
        if program.inputs[SCALE] >= 0:
            weight = part(state.scratch, program.inputs[SCALED], n_in * n_out)
        if rate > 0:
            dropout_input(x, first * n_dense, rate, key)
            key = dropout_key(step.seed, step.number, LOOKUP_MASK)
            drop_lookups(program, state, first, n_rows, rate, key)
        encoded_forward(program, state, first, n_rows, weight, bias, with_bias, z)
        return
    if uncommon is not None:
        if features.indptr.size > 0:
            sparse_forward(n_out, features, rows, first, weight, bias, with_bias, rate, key, z)
        else:
            if rate > 0:
                dropout_input(x, first * n_dense, rate, key)
            dense_forward(n_rows, n_in, n_out, x, weight, bias, with_bias, z)


@kernel
def normalize_forward(program, normalization, state, layer, n_rows, step, z):
    """Normalize pre-activations in place; in an evaluation by the running moments."""
    table, capacity = program.table, state.capacity
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
    if step.number >= 0:
        mass = batch_moments(n_rows, n, z, state.w_batch, mean, spread)
        share = z.dtype.type(running_share(step.number, mass / capacity))
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
def normalize_backward(program, normalization, state, layer, n_rows, dz):
    """Gradients of gain and shift; ``dz`` becomes the gradient of the pre-activations."""
    table, capacity = program.table, state.capacity
    n = table[layer, N_OUT]
    gain = part(state.params, table[layer, GAIN], n)
    gain_grad = part(state.grads, table[layer, GAIN], n)
    shift_grad = part(state.grads, table[layer, BIAS], n)
    normal = part(state.arena, capacity * table[layer, NORMAL], n_rows * n)
    normalized_sums(n_rows, n, normal, dz, gain_grad, shift_grad)
    if normalization == LAYER:
        spread = part(state.moments, layer * capacity, n_rows)
        layer_backward(n_rows, n, normal, spread, gain, dz)
    else:
        start = table[layer, MOMENTS] + n
        spread = part(state.moments, start, n)
        batch_backward(n_rows, n, normal, state.w_batch, spread, gain, gain_grad, shift_grad, dz)


@kernel
def forward(program, normalization, encoding, state, features, rows, first, step):
    """Activations and derivatives of all layers.

    The last layer's activations, in the arena, are the raw prediction.

    Parameters
    ----------
    program : Program
    normalization : int or None
        BATCH, LAYER or none. An argument, since Numba leaves out the branches of a None: most
        networks have no use for them, and they are a quarter of the time to compile.
    encoding : int or None
        Whether inputs are made from columns of a table; None, again, for plain numbers.
    state : State
        ``x_batch`` holds the inputs, if they are dense.
    features : Features
    rows : (n_rows,) int64 array
        Some rows of a batch,
    first : int
        and the place of the first of them in it; 0 if there is a normalization.
    step : Step
    """
    table, capacity, n_rows = program.table, state.capacity, rows.size
    last = table.shape[0] - 1
    x = state.x_batch
    for layer in range(last + 1):
        n_in, n_out = table[layer, N_IN], table[layer, N_OUT]
        z = part(state.arena, capacity * table[layer, VALUE] + first * n_out, n_rows * n_out)
        weight = part(state.params, table[layer, WEIGHT], n_in * n_out)
        bias = part(state.params, table[layer, BIAS], n_out)
        normalized = False
        if normalization is not None:
            normalized = layer < last
        if layer == 0:
            first_forward(
                program, program.uncommon, encoding, state, features, rows, first, step,
                not normalized, z,
            )  # fmt: skip
        elif layer == last and n_out == 1:
            row_products(n_rows, n_in, x, weight, bias[0], z)
        else:
            dense_forward(n_rows, n_in, n_out, x, weight, bias, not normalized, z)
        if layer < last:
            if normalization is not None:
                normalize_forward(program, normalization, state, layer, n_rows, step, z)
            place = capacity * table[layer, DERIVATIVE] + first * n_out
            d = part(state.arena, place, n_rows * n_out)
            activation_forward(program.uncommon, table[layer, ACTIVATION], z, d)
            rate = program.dropout[layer + 1] * step.regularization_factor
            if rate > 0 and step.number >= 0:
                key = dropout_key(step.seed, step.number, layer)
                dropout_forward(z, d, first * n_out, rate, key)
        x = z


@kernel
def multiply(a, b):
    """``a *= b``, element by element."""
    for i in range(a.size):
        a[i] *= b[i]


@kernel
def backward_rows(program, normalization, encoding, state, first, n_rows):
    """Gradients of the pre-activations of all layers, for rows of a batch as in ``forward``.

    Where there is a normalization, also those of gains and shifts; of inputs that depend on
    parameters, also theirs.
    """
    table, capacity = program.table, state.capacity
    last = table.shape[0] - 1
    # Behind all blocks: the gradient on its way down.
    scratch = table[last, NORMAL]
    # As far from the next row in each layer: threads are at different ones.
    widest = np.int64(0)
    for layer in range(1, last + 1):
        widest = max(widest, table[layer, N_IN])
    for layer in range(last, -1, -1):
        n_in, n_out = table[layer, N_IN], table[layer, N_OUT]
        place = capacity * table[layer, DERIVATIVE] + first * n_out
        dz = part(state.arena, place, n_rows * n_out)
        if normalization is not None and layer < last:
            normalize_backward(program, normalization, state, layer, n_rows, dz)
        if layer > 0:
            g = part(state.arena, capacity * scratch + first * widest, n_rows * n_in)
            weight = part(state.params, table[layer, WEIGHT], n_in * n_out)
            weight_t = part(state.scratch, 0, weight.size)
            dense_backward_input(n_rows, n_in, n_out, dz, weight, weight_t, g)
            place = capacity * table[layer - 1, DERIVATIVE] + first * n_in
            multiply(part(state.arena, place, n_rows * n_in), g)
        elif encoding is not None:
            n_trained = program.inputs[N_TRAINED]
            if n_trained > 0:
                place = capacity * program.inputs[GRADIENT] + first * n_trained
                g = part(state.arena, place, n_rows * n_trained)
                weight = part(state.params, table[0, WEIGHT], n_trained * n_out)
                if program.inputs[SCALE] >= 0:
                    weight = part(state.scratch, program.inputs[SCALED], n_trained * n_out)
                weight_t = part(state.scratch, 0, weight.size)
                dense_backward_input(n_rows, n_trained, n_out, dz, weight, weight_t, g)


@kernel
def drop_gradients(program, state, first, n_rows, step):
    """The mask of the inputs on the gradients of those that depend on parameters."""
    n_trained, rate = program.inputs[N_TRAINED], program.dropout[0] * step.regularization_factor
    if n_trained > 0 and rate > 0 and step.number >= 0:
        place = state.capacity * program.inputs[GRADIENT] + first * n_trained
        dx = part(state.arena, place, n_rows * n_trained)
        key = dropout_key(step.seed, step.number, INPUT_MASK)
        dropout_gradient(first, program.inputs[N_DENSE], n_trained, dx, rate, key)


@kernel
def scales_backward(program, state, first, stop, weight_grad):
    """From gradients of scaled weights to those of weights and scales, if these are learned."""
    table, inputs = program.table, program.inputs
    if inputs[SCALE] >= 0:
        n_in, n_out = table[0, N_IN], table[0, N_OUT]
        weight = part(state.params, table[0, WEIGHT], n_in * n_out)
        scale = part(state.params, inputs[SCALE], n_in)
        scale_grad = part(state.grads, inputs[SCALE], n_in)
        scaled_backward(n_out, first, stop, weight, scale, weight_grad, scale_grad)


@kernel
def encoded_backward(program, state, team, n_rows, dz, weight_grad):
    """Gradients of the weights of the first layer, whose inputs are made of columns.

    A thread has some of the dense inputs, and some of the columns that are looked up.
    """
    columns, inputs, n_out = program.columns, program.inputs, program.table[0, N_OUT]
    first, stop = share(team, inputs[N_DENSE], ROWS)
    dense_backward_weight(
        n_rows, inputs[N_DENSE], n_out, first, stop, state.x_batch, dz, weight_grad
    )
    scales_backward(program, state, first, stop, weight_grad)
    begin, end = share(team, inputs[N_LOOKUPS], COLUMNS)
    if begin < end:
        lookups_backward(program, state, begin, end, n_rows, n_out, dz, weight_grad)
        row = columns.shape[0] - inputs[N_LOOKUPS]
        last = row + end - 1
        first, stop = columns[row + begin, PLACE], columns[last, PLACE] + columns[last, WIDTH]
        scales_backward(program, state, first, stop, weight_grad)


@kernel
def first_backward(
    program, uncommon, encoding, state, team, features, rows, step, dz, weight_grad
):  # fmt: skip
    """Gradients of the weights of the first layer; those from sparse rows by the last thread."""
    n_rows, n_in, n_out = rows.size, program.table[0, N_IN], program.table[0, N_OUT]
    if encoding is not None:
        encoded_backward(program, state, team, n_rows, dz, weight_grad)
        return
    if uncommon is not None:
        if features.indptr.size == 0:
            first, stop = share(team, n_in, ROWS)
            dense_backward_weight(n_rows, n_in, n_out, first, stop, state.x_batch, dz, weight_grad)
        elif team.worker == team.n_workers - 1:
            rate = program.dropout[0] * step.regularization_factor if step.number >= 0 else 0.0
            key = dropout_key(step.seed, step.number, INPUT_MASK) if rate > 0 else step.seed
            sparse_backward(n_out, features, rows, dz, rate, key, weight_grad)


@kernel
def backward_weights(program, normalization, encoding, state, team, features, rows, step):
    """Gradients of weights and biases from those of the pre-activations of a whole batch.

    A thread makes some rows of each layer's weights; the rest is the last thread's.
    """
    table, capacity, n_rows = program.table, state.capacity, rows.size
    last = table.shape[0] - 1
    is_last_worker = team.worker == team.n_workers - 1
    for layer in range(last, -1, -1):
        n_in, n_out = table[layer, N_IN], table[layer, N_OUT]
        dz = part(state.arena, capacity * table[layer, DERIVATIVE], n_rows * n_out)
        normalized = False
        if normalization is not None:
            normalized = layer < last
        if not normalized and is_last_worker:
            column_sums(n_rows, n_out, dz, part(state.grads, table[layer, BIAS], n_out))
        weight_grad = part(state.grads, table[layer, WEIGHT], n_in * n_out)
        if layer == 0:
            first_backward(
                program, program.uncommon, encoding, state, team, features, rows, step, dz,
                weight_grad,
            )  # fmt: skip
        else:
            x = part(state.arena, capacity * table[layer - 1, VALUE], n_rows * n_in)
            first, stop = share(team, n_in, ROWS)
            dense_backward_weight(n_rows, n_in, n_out, first, stop, x, dz, weight_grad)
    if encoding is not None:
        n_trained = program.inputs[N_TRAINED]
        if n_trained > 0:
            dx = part(state.arena, capacity * program.inputs[GRADIENT], n_rows * n_trained)
            inputs_backward(program, state, team, features, rows, state.numbers, dx)

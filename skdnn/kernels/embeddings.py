"""Encoding of the columns of a table as inputs of the first dense layer.

The inputs of a column are: the number itself; its piecewise linear encoding by bins; a periodic
embedding of the number; a one-hot or binary encoding, or a learned embedding, of a category. The
table ``columns`` holds the kind of each column and the index of its first input. To add a kind: a
function that computes the inputs, one for the gradients of its parameters if it has any, and a
record in ``COLUMN_KINDS``.

Columns whose inputs are mostly 0 or 1 need no product with the weights: ``lookups.py``.

The functions of all kinds have the same arguments:

columns, c : the table of columns, and the index of the column in it
features : Features
rows : (n_rows,) int64 array, may be empty: threads share a batch of few rows
numbers : (n_rows * n_numbers,) array, the numbers of these rows
params : the parameters of the column
scratch : array of at least ``n_scratch`` elements
n_in, x : elements between rows of inputs; array that begins with the first input of the first row
n_trained, dx, grads : the same for gradients of the inputs; gradients of ``params``, changed

Periodic embeddings ("PBLD" in the paper, periodic bias linear DenseNet) are
``cos(2 pi w_k x + b_k)`` with frequencies w and phases b, times a matrix, plus a bias: all four are
learned.

References
----------
Gorishniy, Rubachev, Babenko 2022, "On embeddings for numerical features in tabular deep learning",
arXiv 2203.05556; Holzmüller, Grinsztajn, Steinwart 2024, "Better by default", arXiv 2407.04491.
"""

import math
from typing import Any

import numpy as np

from skdnn._jit import kernel, part, sum_kernel
from skdnn.kernels.columns import (
    KIND,
    N_DENSE,
    N_LOOKUPS,
    N_PARAMS,
    N_TRAINED,
    PARAMS,
    PLACE,
    SIZE,
    SOURCE,
    WIDTH,
    bin_of,
    code_of,
)
from skdnn.kernels.dense import column_sums
from skdnn.kernels.dispatch import dispatcher
from skdnn.kernels.elementary import turns
from skdnn.kernels.lookups import bins_lookup, one_hot_lookup
from skdnn.kernels.matmul import matmul, transpose
from skdnn.kernels.records import ColumnKind, numbered

#: Rows that periodic inputs are made for at a time: their angles, sines and cosines stay in the
#: first-level cache.
SPAN = 64

# Numba compiles a function anew for each literal int among its arguments, but not for this.
_ONE = np.int64(1)


@kernel
def number_forward(columns, c, features, rows, numbers, params, scratch, n_in, x):
    """The number itself."""
    stride, source = features.shape[1], columns[c, SOURCE]
    for i in range(rows.size):
        x[i * n_in] = numbers[i * stride + source]


@kernel
def bins_forward(columns, c, features, rows, numbers, params, scratch, n_in, x):
    """1 for the bins below that of the number, its position inside its own bin, 0 above."""
    source, width = columns[c, SOURCE], columns[c, WIDTH]
    one, zero = x.dtype.type(1), x.dtype.type(0)
    for i in range(rows.size):
        own, fraction = bin_of(features, rows[i], source)
        inputs = part(x, i * n_in, width)
        for j in range(width):
            inputs[j] = one if j < own else zero
        inputs[own] = fraction


@kernel
def one_hot_forward(columns, c, features, rows, numbers, params, scratch, n_in, x):
    """One-hot encoding; an unknown category is encoded as zeros."""
    source, width = columns[c, SOURCE], columns[c, WIDTH]
    for i in range(rows.size):
        code = code_of(features, rows[i], source)
        inputs = part(x, i * n_in, width)
        for j in range(width):
            inputs[j] = 0
        if code > 0:
            inputs[code - 1] = 1


@kernel
def binary_forward(columns, c, features, rows, numbers, params, scratch, n_in, x):
    """-1 for the first of two categories, 1 for the second, 0 for an unknown one."""
    source = columns[c, SOURCE]
    for i in range(rows.size):
        code = code_of(features, rows[i], source)
        x[i * n_in] = 0 if code == 0 else 2 * code - 3


@kernel
def embedding_forward(columns, c, features, rows, numbers, params, scratch, n_in, x):
    """Learned embedding of a category; unknown categories share one."""
    source, width = columns[c, SOURCE], columns[c, WIDTH]
    for i in range(rows.size):
        code = code_of(features, rows[i], source)
        inputs, vector = part(x, i * n_in, width), part(params, code * width, width)
        for j in range(width):
            inputs[j] = vector[j]


@kernel
def embedding_backward(columns, c, features, rows, numbers, params, scratch, n_trained, dx, grads):
    source, width = columns[c, SOURCE], columns[c, WIDTH]
    for j in range(grads.size):
        grads[j] = 0
    for i in range(rows.size):
        code = code_of(features, rows[i], source)
        gradient, vector = part(dx, i * n_trained, width), part(grads, code * width, width)
        for j in range(width):
            vector[j] += gradient[j]


@kernel
def periodic_angles(first, n, column, numbers, stride, params, phases, angles):
    """Angles in turns of a few rows, (n * n_frequencies,), from their numbers.

    ``phases`` (n_frequencies,) is scratch.
    """
    n_frequencies, source = column[SIZE], column[SOURCE]
    full = angles.dtype.type(2 * math.pi)
    for k in range(n_frequencies):
        phases[k] = params[n_frequencies + k] / full
    start = first * stride + source
    number = part(numbers, start, numbers.size - start)
    matmul(n, n_frequencies, _ONE, number, stride, _ONE, params, n_frequencies, phases, angles)


@kernel
def periodic_forward(columns, c, features, rows, numbers, params, scratch, n_in, x):
    """Periodic embedding of a number.

    ``params`` are n frequencies, n phases, the (n, width) matrix, the bias.
    """
    n_rows, stride = rows.size, features.shape[1]
    n_frequencies, width = columns[c, SIZE], columns[c, WIDTH]
    matrix = part(params, 2 * n_frequencies, n_frequencies * width)
    bias = part(params, n_frequencies * (2 + width), width)
    phases = part(scratch, 0, n_frequencies)
    waves = part(scratch, n_frequencies, SPAN * n_frequencies)
    out = part(scratch, n_frequencies * (1 + SPAN), SPAN * width)
    for start in range(0, n_rows, SPAN):
        n = min(SPAN, n_rows - start)
        periodic_angles(start, n, columns[c], numbers, stride, params, phases, waves)
        for i in range(n * n_frequencies):
            waves[i] = turns(waves[i])[0]
        matmul(n, width, n_frequencies, waves, n_frequencies, _ONE, matrix, width, bias, out)
        for i in range(n):
            for j in range(width):
                x[(start + i) * n_in + j] = out[i * width + j]


@sum_kernel
def _product(n, a, b):
    total = a.dtype.type(0)
    for i in range(n):
        total += a[i] * b[i]
    return total


@kernel
def periodic_backward(columns, c, features, rows, numbers, params, scratch, n_trained, dx, grads):
    n_rows, stride, source = rows.size, features.shape[1], columns[c, SOURCE]
    n_frequencies, width = columns[c, SIZE], columns[c, WIDTH]
    size, span = n_frequencies * width, SPAN * n_frequencies
    phases, zeros = part(scratch, 0, n_frequencies), part(scratch, 0, 0)
    cosine, sine = part(scratch, n_frequencies, span), part(scratch, n_frequencies + span, span)
    inner = part(scratch, n_frequencies + 2 * span, span)
    matrix_t = part(scratch, n_frequencies + 3 * span, size)
    sums = part(scratch, n_frequencies + 3 * span + size, size)
    full = dx.dtype.type(2 * math.pi)
    transpose(n_frequencies, width, part(params, 2 * n_frequencies, size), matrix_t)
    for k in range(grads.size):
        grads[k] = 0
    for start in range(0, n_rows, SPAN):
        n = min(SPAN, n_rows - start)
        periodic_angles(start, n, columns[c], numbers, stride, params, phases, cosine)
        for i in range(n * n_frequencies):
            cosine[i], sine[i] = turns(cosine[i])
        outer = part(dx, start * n_trained, dx.size - start * n_trained)
        # Gradients of the cosines, then of the angles in radians.
        matmul(n, n_frequencies, width, outer, n_trained, _ONE, matrix_t, n_frequencies, zeros,
               inner)  # fmt: skip
        for i in range(n * n_frequencies):
            inner[i] = -(inner[i] * sine[i])
        matmul(n_frequencies, width, n, cosine, _ONE, n_frequencies, outer, n_trained, zeros, sums)
        for k in range(size):
            grads[2 * n_frequencies + k] += sums[k]
        for i in range(n):
            for j in range(width):
                grads[n_frequencies * (2 + width) + j] += outer[i * n_trained + j]
        column_sums(n, n_frequencies, inner, sums)
        for k in range(n_frequencies):
            grads[n_frequencies + k] += sums[k]
        place = start * stride + source
        number = part(numbers, place, numbers.size - place)
        matmul(_ONE, n_frequencies, n, number, _ONE, stride, inner, n_frequencies, zeros, sums)
        for k in range(n_frequencies):
            grads[k] += full * sums[k]


def _initial_periodic(column: Any, params: np.ndarray, random_state: Any) -> None:
    """As in Holzmüller et al. 2024, arXiv 2407.04491."""
    limit = float(np.sqrt(np.finfo(params.dtype).max))
    if column.sigma > limit:
        raise ValueError(
            f"The 'sigma' parameter of Periodic must be at most {limit:.2g} with "
            f"dtype={params.dtype.name!r}. Got {column.sigma!r} instead."
        )
    n, bound = column.size, 1 / math.sqrt(column.size)
    params[:n] = random_state.normal(0, column.sigma, n)
    params[n : 2 * n] = random_state.uniform(-math.pi, math.pi, n)
    params[2 * n :] = random_state.uniform(-bound, bound, params.size - 2 * n)


def _initial_embedding(column: Any, params: np.ndarray, random_state: Any) -> None:
    """The embedding of unknown categories is 0, the mean of the others, and is not trained."""
    params[column.width :] = random_state.normal(size=column.size * column.width)


COLUMN_KINDS = numbered(
    [
        ColumnKind("number", "numbers", number_forward, width="one", monotone=True),
        ColumnKind(
            "bins", "bins", bins_forward, lookup=bins_lookup, cumulative=True, monotone=True,
            label="bin", noun="bin", width="size", min_size=1,
        ),
        ColumnKind(
            "periodic", "numbers", periodic_forward, periodic_backward,
            label="periodic", noun="periodic input", min_size=1,
            n_params=lambda size, width: size * (2 + width) + width,
            initial_values=_initial_periodic,
            learning_rate_factor=0.1,
            n_scratch=lambda size, width: size * (1 + 3 * SPAN + 2 * width) + SPAN * width,
        ),
        ColumnKind(
            "one_hot", "codes", one_hot_forward, lookup=one_hot_lookup, width="size", min_size=1
        ),
        ColumnKind("binary", "codes", binary_forward, width="one", min_size=2),
        ColumnKind(
            "embedding", "codes", embedding_forward, embedding_backward,
            label="embedding", min_size=1,
            n_params=lambda size, width: (size + 1) * width,
            initial_values=_initial_embedding,
        ),
    ]
)  # fmt: skip

_forward = dispatcher(
    "column_forward",
    "columns, c, features, rows, numbers, params, scratch, n_in, x",
    {kind.code: kind.forward for kind in COLUMN_KINDS.values()},
)
_backward = dispatcher(
    "column_backward",
    "columns, c, features, rows, numbers, params, scratch, n_trained, dx, grads",
    {kind.code: kind.backward for kind in COLUMN_KINDS.values() if kind.backward},
)
_lookup = dispatcher(
    "column_lookup",
    "columns, c, features, rows, start, n, places, values, shares",
    {kind.code: kind.lookup for kind in COLUMN_KINDS.values() if kind.lookup},
)


@kernel
def inputs_forward(program, state, features, rows, numbers, n_in, x):
    """The first ``n_in`` inputs of some rows, (n_rows * n_in,), from numbers, bins and codes."""
    columns = program.columns
    for c in range(columns.shape[0]):
        place = columns[c, PLACE]
        if place < n_in:
            params = part(state.params, columns[c, PARAMS], columns[c, N_PARAMS])
            inputs = part(x, place, x.size - place)
            _forward(
                columns[c, KIND], columns, c, features, rows, numbers, params, state.scratch,
                n_in, inputs,
            )  # fmt: skip


@kernel
def load_lookups(program, state, features, rows, first):
    """Find out which inputs count of the columns that are looked up, in some rows of a batch."""
    columns, n, n_dense = program.columns, program.inputs[N_LOOKUPS], program.inputs[N_DENSE]
    for k in range(n):
        c = columns.shape[0] - n + k
        at = first * n + k
        places = part(state.places, at, state.places.size - at)
        values = part(state.values, at, state.values.size - at)
        shares = part(state.shares, at, state.shares.size - at)
        _lookup(
            columns[c, KIND], columns, c, features, rows, columns[c, PLACE] - n_dense, n, places,
            values, shares,
        )  # fmt: skip


@kernel
def inputs_backward(program, state, team, features, rows, numbers, dx):
    """Gradients of the parameters of the columns, which the threads of a team share.

    ``dx`` (n_rows * n_trained,) is the gradient of the inputs that depend on them.
    """
    columns, n_trained = program.columns, program.inputs[N_TRAINED]
    for c in range(team.worker, columns.shape[0], team.n_workers):
        if columns[c, N_PARAMS] > 0:
            place = columns[c, PLACE]
            params = part(state.params, columns[c, PARAMS], columns[c, N_PARAMS])
            grads = part(state.grads, columns[c, PARAMS], columns[c, N_PARAMS])
            gradient = part(dx, place, dx.size - place)
            _backward(
                columns[c, KIND], columns, c, features, rows, numbers, params, state.scratch,
                n_trained, gradient, grads,
            )  # fmt: skip


@kernel
def scaled_weights(n_in, n_out, weight, scale, scaled_out):
    """The weights (n_in, n_out) of the first layer times the scales of its inputs."""
    for i in range(n_in):
        row, factor = part(weight, i * n_out, n_out), scale[i]
        out = part(scaled_out, i * n_out, n_out)
        for j in range(n_out):
            out[j] = factor * row[j]


@kernel
def scaled_backward(n_out, first, stop, weight, scale, weight_grad, scale_grad):
    """Gradients of weights and scales of some inputs, from gradients of the scaled weights."""
    for i in range(first, stop):
        row, gradient = part(weight, i * n_out, n_out), part(weight_grad, i * n_out, n_out)
        scale_grad[i] = _product(n_out, row, gradient)
        factor = scale[i]
        for j in range(n_out):
            gradient[j] *= factor

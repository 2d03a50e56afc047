"""From the columns of a table to the inputs of the first dense layer.

Numbers and codes of categories become, column by column: the number itself; the piecewise linear
features of its bin; one of several units; a learned vector for each category; learned waves of the
number. The table ``columns`` says what becomes of each column, and where in a row of inputs it
lies; those with parameters come first.

Waves ("PBLD" in the paper, periodic with bias, linear, dense) are ``cos(2 pi w_k x + b_k)`` of
frequencies w and phases b, times a matrix, plus a bias: all four are learned.

References
----------
Gorishniy, Rubachev, Babenko 2022, "On embeddings for numerical features in tabular deep learning",
arXiv 2203.05556; Holzmüller, Grinsztajn, Steinwart 2024, "Better by default", arXiv 2407.04491.
"""

import math

import numpy as np

from skdnn._jit import kernel, part, sum_kernel
from skdnn.kernels.elementary import turns

# Kinds of columns: a number as it is, by its bin, by waves; a category by one of several units, by
# the sign of one unit, by a learned vector.
NUMBER, BINS, WAVES, ONE_HOT, SIGN, VECTOR = range(6)

# Columns of the table of columns. SOURCE is the place among the numbers or the codes, PLACE that
# among the inputs, WIDTH their number; SIZE is that of bins, waves or codes; PARAMS the offset into
# the parameters, N_PARAMS their number.
KIND, SOURCE, PLACE, WIDTH, SIZE, PARAMS, N_PARAMS, N_ATTRIBUTES = range(8)

# Items of ``Program.inputs``: inputs that depend on parameters, the place of their gradient in the
# arena; the offset of the scales of the inputs (-1: there are none), and of the weights of the
# first layer times these in the scratch memory.
N_TRAINED, GRADIENT, SCALE, SCALED, N_INPUTS = range(5)

#: Rows that waves are made for at a time: vectors as long as this stay in the first-level cache.
SPAN = 64
#: Vectors of this length that are scratch, beside one for each input of the column.
N_SPANS = 4


def n_column_params(kind: int, size: int, width: int) -> int:
    """Number of parameters of a column."""
    if kind == WAVES:
        return size * (2 + width) + width
    # Code 0, of what training has not seen, has a vector, too.
    return (size + 1) * width if kind == VECTOR else 0


@kernel
def number_forward(n_rows, stride, numbers, n_in, x):
    """A number as it is. ``numbers`` begins with the first row's, ``x`` with its first input."""
    for i in range(n_rows):
        x[i * n_in] = numbers[i * stride]


@kernel
def bins_forward(features, rows, source, width, n_in, x):
    """1 for the bins below that of the number, the fraction for its own, 0 above."""
    n_columns = features.shape[4]
    one, zero = x.dtype.type(1), x.dtype.type(0)
    for i in range(rows.size):
        row = features.rows[rows[i]] if features.rows.size > 0 else rows[i]
        place = row * n_columns + source
        own = np.int64(features.bins[place])
        inputs = part(x, i * n_in, width)
        for j in range(width):
            inputs[j] = one if j < own else zero
        inputs[own] = features.fractions[place]


@kernel
def category_forward(features, rows, source, kind, width, vectors, n_in, x):
    """The inputs of a category; those of an unknown one are 0, or a vector of its own."""
    n_columns = features.shape[5]
    for i in range(rows.size):
        row = features.rows[rows[i]] if features.rows.size > 0 else rows[i]
        code = np.int64(features.codes[row * n_columns + source])
        inputs = part(x, i * n_in, width)
        if kind == VECTOR:
            vector = part(vectors, code * width, width)
            for j in range(width):
                inputs[j] = vector[j]
        elif kind == SIGN:
            inputs[0] = 0 if code == 0 else 2 * code - 3
        else:
            for j in range(width):
                inputs[j] = 0
            if code > 0:
                inputs[code - 1] = 1


@kernel
def vectors_backward(features, rows, source, width, n_trained, dx, grads):
    """Gradients of the vectors of a column of categories."""
    n_columns = features.shape[5]
    for j in range(grads.size):
        grads[j] = 0
    for i in range(rows.size):
        row = features.rows[rows[i]] if features.rows.size > 0 else rows[i]
        code = np.int64(features.codes[row * n_columns + source])
        gradient, vector = part(dx, i * n_trained, width), part(grads, code * width, width)
        for j in range(width):
            vector[j] += gradient[j]


@kernel
def waves_forward(n_rows, stride, numbers, n_waves, width, params, scratch, n_in, x):
    """Learned waves of a number.

    Parameters
    ----------
    n_rows, stride : int
    numbers : array that begins with the first row's number; the next is ``stride`` further
    n_waves, width : int
    params : (n_waves * (2 + width) + width,) array
        Frequencies, phases, the (n_waves, width) matrix, the bias.
    scratch : (at least (N_SPANS + width) * SPAN,) array
    n_in : int
    x : array that begins with the first row's first input, changed
    """
    phases, matrix = part(params, n_waves, n_waves), part(params, 2 * n_waves, n_waves * width)
    bias = part(params, n_waves * (2 + width), width)
    number, wave = part(scratch, 0, SPAN), part(scratch, SPAN, SPAN)
    full = x.dtype.type(2 * math.pi)
    for start in range(0, n_rows, SPAN):
        n = min(SPAN, n_rows - start)
        for i in range(n):
            number[i] = numbers[(start + i) * stride]
        for j in range(width):
            out = part(scratch, (N_SPANS + j) * SPAN, n)
            for i in range(n):
                out[i] = bias[j]
        for k in range(n_waves):
            # A quotient: of a sum of two products either may be rounded first, and that would
            # depend on what else an entry does.
            frequency, phase = params[k], phases[k] / full
            for i in range(n):
                wave[i] = turns(frequency * number[i] + phase)[0]
            for j in range(width):
                out, weight = part(scratch, (N_SPANS + j) * SPAN, n), matrix[k * width + j]
                for i in range(n):
                    out[i] += weight * wave[i]
        for j in range(width):
            out = part(scratch, (N_SPANS + j) * SPAN, n)
            for i in range(n):
                x[(start + i) * n_in + j] = out[i]


@sum_kernel
def _product(n, a, b):
    total = a.dtype.type(0)
    for i in range(n):
        total += a[i] * b[i]
    return total


@sum_kernel
def _total(n, a):
    total = a.dtype.type(0)
    for i in range(n):
        total += a[i]
    return total


@kernel
def waves_backward(n_rows, stride, numbers, n_waves, width, params, scratch, n_trained, dx, grads):
    """Gradients of frequencies, phases, matrix and bias; see ``waves_forward``.

    ``dx`` begins with the gradient of the first row's first input; the next row is ``n_trained``
    further.
    """
    phases, matrix = part(params, n_waves, n_waves), part(params, 2 * n_waves, n_waves * width)
    number, cosine = part(scratch, 0, SPAN), part(scratch, SPAN, SPAN)
    sine, inner = part(scratch, 2 * SPAN, SPAN), part(scratch, 3 * SPAN, SPAN)
    full = dx.dtype.type(2 * math.pi)
    for k in range(grads.size):
        grads[k] = 0
    for start in range(0, n_rows, SPAN):
        n = min(SPAN, n_rows - start)
        for i in range(n):
            number[i] = numbers[(start + i) * stride]
        for j in range(width):
            outer = part(scratch, (N_SPANS + j) * SPAN, n)
            for i in range(n):
                outer[i] = dx[(start + i) * n_trained + j]
            grads[n_waves * (2 + width) + j] += _total(n, outer)
        for k in range(n_waves):
            frequency, phase = params[k], phases[k] / full
            for i in range(n):
                cosine[i], sine[i] = turns(frequency * number[i] + phase)
                inner[i] = 0
            for j in range(width):
                outer, weight = part(scratch, (N_SPANS + j) * SPAN, n), matrix[k * width + j]
                grads[2 * n_waves + k * width + j] += _product(n, cosine, outer)
                for i in range(n):
                    inner[i] -= weight * outer[i]
            for i in range(n):
                inner[i] *= sine[i]
            grads[k] += full * _product(n, number, inner)
            grads[n_waves + k] += _total(n, inner)


@kernel
def inputs_forward(program, state, features, rows, numbers, n_in, x):
    """Inputs of the first layer from numbers and codes.

    Parameters
    ----------
    program : Program
    state : State
    features : Features
    rows : (n_rows,) int64 array
        None, maybe: threads share a batch of few rows.
    numbers : (n_rows * n_numbers,) array
    n_in : int
    x : (n_rows * n_in,) array, changed
    """
    n_rows, stride = rows.size, features.shape[1]
    columns = program.columns
    for c in range(columns.shape[0]):
        kind, source, place = columns[c, KIND], columns[c, SOURCE], columns[c, PLACE]
        width = columns[c, WIDTH]
        params = part(state.params, columns[c, PARAMS], columns[c, N_PARAMS])
        inputs = part(x, place, x.size - place)
        if kind == BINS:
            bins_forward(features, rows, source, width, n_in, inputs)
        elif kind >= ONE_HOT:
            category_forward(features, rows, source, kind, width, params, n_in, inputs)
        else:
            column_numbers = part(numbers, source, numbers.size - source)
            if kind == NUMBER:
                number_forward(n_rows, stride, column_numbers, n_in, inputs)
            else:
                waves_forward(
                    n_rows, stride, column_numbers, columns[c, SIZE], width, params, state.scratch,
                    n_in, inputs,
                )  # fmt: skip


@kernel
def inputs_backward(program, state, team, features, rows, numbers, dx):
    """Gradients of the parameters of the columns, which the threads of a team share.

    ``dx`` (n_rows * n_trained,) is the gradient of the inputs that depend on them.
    """
    columns, n_trained = program.columns, program.inputs[N_TRAINED]
    for c in range(team.worker, columns.shape[0], team.n_workers):
        kind, source, place = columns[c, KIND], columns[c, SOURCE], columns[c, PLACE]
        width = columns[c, WIDTH]
        params = part(state.params, columns[c, PARAMS], columns[c, N_PARAMS])
        grads = part(state.grads, columns[c, PARAMS], columns[c, N_PARAMS])
        if kind == VECTOR:
            gradient = part(dx, place, dx.size - place)
            vectors_backward(features, rows, source, width, n_trained, gradient, grads)
        elif kind == WAVES:
            gradient = part(dx, place, dx.size - place)
            column_numbers = part(numbers, source, numbers.size - source)
            waves_backward(
                rows.size, features.shape[1], column_numbers, columns[c, SIZE], width, params,
                state.scratch, n_trained, gradient, grads,
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
    """From gradients of the scaled weights to those of weights and scales, of some inputs."""
    for i in range(first, stop):
        row, gradient = part(weight, i * n_out, n_out), part(weight_grad, i * n_out, n_out)
        scale_grad[i] = _product(n_out, row, gradient)
        factor = scale[i]
        for j in range(n_out):
            gradient[j] *= factor

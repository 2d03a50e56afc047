"""Columns whose inputs are mostly 0 or 1: their weights are looked up instead of multiplied.

A category in one-hot encoding adds one row of the weights to the pre-activations. The piecewise
linear encoding of a number in bin k adds all rows below k, whose sums are made once for a batch,
and a fraction of row k: two rows, whatever the number of bins. Equal to the product with the dense
inputs of ``embeddings.py`` up to rounding. In dropout a column is dropped as a whole.

The functions of the kinds write for every row of a batch which input of the column it is that
counts, its value, and the factor on the sum of the weights of all inputs before it:

columns, c : the table of columns, and the row of the column in it
features : Features
rows : (n_rows,) int64 array, none, maybe: threads share a batch of few rows
start : the place of the column's first input among those that are looked up
n : elements from one row of the following arrays to the next
places, values, shares : arrays that begin with the first row's element of this column
"""

from skdnn._jit import bucket_rows, gather_rows, kernel, part
from skdnn.kernels.columns import (
    N_DENSE,
    N_LOOKUPS,
    N_SUMS,
    PLACE,
    SOURCE,
    SUMS,
    WIDTH,
    bin_of,
    code_of,
)
from skdnn.kernels.dropout import keep_factor


@kernel
def one_hot_lookup(columns, c, features, rows, start, n, places, values, shares):
    """The category is 1, nothing is 1 if it is unknown."""
    for i in range(rows.size):
        code = code_of(features, rows[i], columns[c, SOURCE])
        places[i * n] = start + max(code - 1, 0)
        values[i * n] = 1 if code > 0 else 0
        shares[i * n] = 0


@kernel
def bins_lookup(columns, c, features, rows, start, n, places, values, shares):
    """The own bin has its fraction, those below it are 1."""
    for i in range(rows.size):
        own, fraction = bin_of(features, rows[i], columns[c, SOURCE])
        places[i * n] = start + own
        values[i * n] = fraction
        shares[i * n] = 1


@kernel
def weight_sums(program, state, n_out, weight):
    """Before every input the sum of the weights of those of its column: into the scratch memory.

    ``weight`` is (n_in * n_out,).
    """
    columns, inputs = program.columns, program.inputs
    first = columns.shape[0] - inputs[N_LOOKUPS]
    for c in range(first, first + inputs[N_SUMS]):
        place = columns[c, PLACE]
        start = inputs[SUMS] + (place - inputs[N_DENSE]) * n_out
        sums = part(state.scratch, start, n_out)
        for j in range(n_out):
            sums[j] = 0
        for k in range(1, columns[c, WIDTH]):
            before = part(state.scratch, start + (k - 1) * n_out, n_out)
            sums = part(state.scratch, start + k * n_out, n_out)
            own = part(weight, (place + k - 1) * n_out, n_out)
            for j in range(n_out):
                sums[j] = before[j] + own[j]


@kernel
def row_sums(program, state, n_out, weight):
    """The sums of the weights that a single row needs: the same bits, and half of the work."""
    columns, scratch, n_dense = program.columns, state.scratch, program.inputs[N_DENSE]
    first = columns.shape[0] - program.inputs[N_LOOKUPS]
    for k in range(program.inputs[N_SUMS]):
        start = columns[first + k, PLACE] - n_dense
        sums = part(scratch, program.inputs[SUMS] + state.places[k] * n_out, n_out)
        for j in range(n_out):
            sums[j] = 0
        for i in range(start, state.places[k]):
            own = part(weight, (n_dense + i) * n_out, n_out)
            for j in range(n_out):
                sums[j] += own[j]


@kernel
def drop_lookups(program, state, first, n_rows, rate, key):
    """Drop columns that are looked up with probability ``rate``, in some rows of a batch."""
    n = program.inputs[N_LOOKUPS]
    for i in range(first * n, (first + n_rows) * n):
        factor = keep_factor(state.values, rate, i, key)
        state.values[i] *= factor
        state.shares[i] *= factor


@kernel
def lookups_forward(program, state, first, n_rows, n_out, weight, z):
    """Add the weights, and their sums, of the inputs that count to ``z`` (n_rows * n_out,).

    ``first`` is the place of the first row in the batch.
    """
    inputs = program.inputs
    n, n_sums, place = inputs[N_LOOKUPS], inputs[N_SUMS], inputs[N_DENSE] * n_out
    if n == 0:
        return
    for i in range(n_rows):
        at, out = (first + i) * n, i * n_out
        if n_sums > 0:
            gather_rows(
                n_sums, state.places, at, state.shares, state.scratch, inputs[SUMS], n_out, z, out
            )
        gather_rows(n, state.places, at, state.values, weight, place, n_out, z, out)


@kernel
def sort_rows(places, first, n, start, width, n_rows, starts, order):
    """Rows of a batch by the input that counts of a column, as they come where it is the same.

    ``order`` (n_rows,) has those of input k from ``starts[k]`` to ``starts[k + 1]``.
    """
    for k in range(width + 1):
        starts[k] = 0
    for i in range(n_rows):
        starts[places[first + i * n] - start] += 1
    total = 0
    for k in range(width + 1):
        total += starts[k]
        starts[k] = total
    for i in range(n_rows - 1, -1, -1):
        k = places[first + i * n] - start
        starts[k] -= 1
        order[starts[k]] = i


@kernel
def lookups_backward(program, state, begin, end, n_rows, n_out, dz, weight_grad):
    """Gradients of the weights of some of the columns that are looked up, of a whole batch.

    They are those from ``begin`` to ``end``; ``weight_grad`` is (n_in * n_out,).
    """
    columns, n, n_dense = program.columns, program.inputs[N_LOOKUPS], program.inputs[N_DENSE]
    order = part(state.sorted_rows, 0, n_rows)
    starts = part(state.sorted_rows, n_rows, state.sorted_rows.size - n_rows)
    for k in range(begin, end):
        c = columns.shape[0] - n + k
        place, width = columns[c, PLACE], columns[c, WIDTH]
        sort_rows(state.places, k, n, place - n_dense, width, n_rows, starts, order)
        values = part(state.values, k, state.values.size - k)
        shares = part(state.shares, k, state.shares.size - k)
        grads = part(weight_grad, place * n_out, width * n_out)
        bucket_rows(width, starts, order, n, values, shares, dz, n_out, grads)

"""The table of columns: what becomes of each column of a table, and where in a row of inputs."""

import numpy as np

from skdnn._jit import kernel

# Columns of the table of columns. SOURCE is the place among the numbers, the bins or the codes,
# PLACE that among the inputs, WIDTH their number; SIZE is that of bins, frequencies or codes;
# PARAMS the offset into the parameters, N_PARAMS their number.
KIND, SOURCE, PLACE, WIDTH, SIZE, PARAMS, N_PARAMS, N_ATTRIBUTES = range(8)

# Items of ``Program.inputs``: inputs that depend on parameters, the place of their gradient in the
# arena; the offset of the scales of the inputs (-1: there are none), and of the weights of the
# first layer times these in the scratch memory; inputs that are multiplied by the weights; columns
# of those behind them, which are looked up, and how many of these need sums of weights; the offset
# of the sums in the scratch memory.
N_TRAINED, GRADIENT, SCALE, SCALED, N_DENSE, N_LOOKUPS, N_SUMS, SUMS, N_INPUTS = range(9)


@kernel
def code_of(features, row, source):
    """Code of a category, 0 if training has not seen it."""
    row = features.rows[row] if features.rows.size > 0 else row
    return np.int64(features.codes[row * features.shape[5] + source])


@kernel
def bin_of(features, row, source):
    """Bin of a number, and the fraction of the bin that lies below it."""
    row = features.rows[row] if features.rows.size > 0 else row
    place = row * features.shape[4] + source
    return np.int64(features.bins[place]), features.fractions[place]

"""The first layer on sparse rows: ``z = x W + b`` and its gradient, one stored element at a time.

X has CSR format: the elements of row i are ``data[indptr[i]:indptr[i + 1]]``, in the columns
``indices[...]``. A batch is a list of row numbers; nothing is copied and no zero is
multiplied.
"""

import numpy as np

from skdnn._jit import kernel, part
from skdnn.kernels.dropout import keep_factor


@kernel
def sparse_forward(n_out, features, rows, first, weight, bias, with_bias, rate, key, z):
    """``z = x W + b`` for the given rows.

    Parameters
    ----------
    n_out : int
    features : Features
    rows : (n_rows,) int64 array
    first : int, place of the first one in the batch
    weight : flat (n_in, n_out) array
    bias : (n_out,) array
    with_bias : bool
    rate, key : float, uint64
        Of the dropout of inputs; an element has the same fate as in a dense row.
    z : flat (n_rows, n_out) array, out
    """
    n_in = features.shape[1]
    data, indices, indptr = features.data, features.indices, features.indptr
    for i in range(rows.size):
        out = part(z, i * n_out, n_out)
        for j in range(n_out):
            out[j] = bias[j] if with_bias else z.dtype.type(0)
        row = features.rows[rows[i]] if features.rows.size > 0 else rows[i]
        for at in range(indptr[row], indptr[row + 1]):
            column = np.int64(indices[at])
            x = data[at]
            if rate > 0:
                x *= keep_factor(z, rate, (first + i) * n_in + column, key)
            w = part(weight, column * n_out, n_out)
            for j in range(n_out):
                out[j] += x * w[j]


@kernel
def sparse_backward(n_out, features, rows, dz, rate, key, weight_grad):
    """``dW = x^T dz``, a flat (n_in, n_out) array; the rest as in ``sparse_forward``."""
    n_in = features.shape[1]
    data, indices, indptr = features.data, features.indices, features.indptr
    for k in range(n_in * n_out):
        weight_grad[k] = 0
    for i in range(rows.size):
        d = part(dz, i * n_out, n_out)
        row = features.rows[rows[i]] if features.rows.size > 0 else rows[i]
        for at in range(indptr[row], indptr[row + 1]):
            column = np.int64(indices[at])
            x = data[at]
            if rate > 0:
                x *= keep_factor(dz, rate, i * n_in + column, key)
            g = part(weight_grad, column * n_out, n_out)
            for j in range(n_out):
                g[j] += x * d[j]

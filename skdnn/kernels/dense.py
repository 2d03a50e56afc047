"""Dense layers: ``z = x W + b`` forward and backward.

All matrices are row-major and flat: 2-d views cost more than the arithmetic of a tiny layer.
"""

import numpy as np

from skdnn._jit import VECTOR_BYTES, kernel, part, sum_kernel
from skdnn.kernels.matmul import matmul, transpose

# Numba compiles a function anew for each literal int among its arguments, but not for this.
_ONE = np.int64(1)


@kernel
def column_sums(n_rows, n_columns, matrix, sums_out):
    """Sum of the rows of a flat (n_rows, n_columns) matrix."""
    if n_columns < VECTOR_BYTES // matrix.itemsize:
        for j in range(n_columns):
            total = matrix.dtype.type(0)
            for i in range(n_rows):
                total += matrix[i * n_columns + j]
            sums_out[j] = total
        return
    for j in range(n_columns):
        sums_out[j] = 0
    # Four rows at a time, added in their order.
    n_fours = n_rows - n_rows % 4
    for i in range(0, n_fours, 4):
        a = part(matrix, i * n_columns, n_columns)
        b = part(matrix, (i + 1) * n_columns, n_columns)
        c = part(matrix, (i + 2) * n_columns, n_columns)
        d = part(matrix, (i + 3) * n_columns, n_columns)
        for j in range(n_columns):
            sums_out[j] = (((sums_out[j] + a[j]) + b[j]) + c[j]) + d[j]
    for i in range(n_fours, n_rows):
        row = part(matrix, i * n_columns, n_columns)
        for j in range(n_columns):
            sums_out[j] += row[j]


@sum_kernel
def row_products(n_rows, n_columns, matrix, vector, constant, products_out):
    """The product of each row of a flat (n_rows, n_columns) matrix with a vector, + constant."""
    for i in range(n_rows):
        row = part(matrix, i * n_columns, n_columns)
        total = matrix.dtype.type(0)
        for j in range(n_columns):
            total += row[j] * vector[j]
        products_out[i] = total + constant


@kernel
def dense_forward(n_rows, n_in, n_out, x, weight, bias, with_bias, z):
    """``z = x W + b``; x (n_rows, n_in), weight (n_in, n_out), bias (n_out,), z (n_rows, n_out)."""
    init = part(bias, 0, n_out if with_bias else 0)
    matmul(n_rows, n_out, n_in, x, n_in, _ONE, weight, n_out, init, z)


@kernel
def dense_backward_weight(n_rows, n_in, n_out, first, stop, x, dz, weight_grad):
    """The rows from ``first`` to ``stop`` of ``dW = x^T dz`` (n_in, n_out)."""
    size = stop - first
    if size == 0:
        return
    x = part(x, first, x.size - first)
    rows, zeros = part(weight_grad, first * n_out, size * n_out), part(dz, 0, 0)
    if n_out == 1:
        # The same sums as one row: the vectors are full.
        matmul(n_out, size, n_rows, dz, n_rows, _ONE, x, n_in, zeros, rows)
    else:
        matmul(size, n_out, n_rows, x, _ONE, n_in, dz, n_out, zeros, rows)


@kernel
def dense_backward_input(n_rows, n_in, n_out, dz, weight, weight_t, dx):
    """``dx = dz W^T`` (n_rows, n_in); ``weight_t`` (n_out, n_in) is scratch for the transpose."""
    transpose(n_in, n_out, weight, weight_t)
    matmul(n_rows, n_in, n_out, dz, n_out, _ONE, weight_t, n_in, part(dz, 0, 0), dx)

"""Dense layers: ``z = x W + b`` forward and backward, all matrices row-major and contiguous."""

import numpy as np

from skdnn._jit import inlined
from skdnn.kernels.matmul import matmul, transpose

# Numba compiles a function anew for each literal int among its arguments, but not for these.
_ONE, _ZERO, _NONE = np.int64(1), np.int64(0), np.int64(-1)


@inlined
def dense_forward(x, weight, bias, z):
    """``z = x W + b``; x (n_rows, n_in), weight (n_in, n_out), bias (n_out,), z (n_rows, n_out)."""
    n_rows, n_out = z.shape
    n_in = x.shape[1]
    matmul(n_rows, n_out, n_in, x.reshape(-1), n_in, _ONE, weight.reshape(-1), n_out,
           bias, _ZERO, z.reshape(-1), n_out)  # fmt: skip


@inlined
def dense_backward_params(x, dz, weight_grad, bias_grad):
    """``dW = x^T dz`` (n_in, n_out) and ``db = sum of the rows of dz`` (n_out,)."""
    n_rows, n_out = dz.shape
    n_in = x.shape[1]
    matmul(n_in, n_out, n_rows, x.reshape(-1), _ONE, n_in, dz.reshape(-1), n_out,
           bias_grad, _NONE, weight_grad.reshape(-1), n_out)  # fmt: skip
    for j in range(n_out):
        bias_grad[j] = 0
    for i in range(n_rows):
        for j in range(n_out):
            bias_grad[j] += dz[i, j]


@inlined
def dense_backward_input(dz, weight, weight_t, dx):
    """``dx = dz W^T`` (n_rows, n_in); ``weight_t`` (n_out, n_in) is scratch for the transpose."""
    n_rows, n_out = dz.shape
    n_in = weight.shape[0]
    transpose(weight, weight_t)
    flat = dx.reshape(-1)
    matmul(n_rows, n_in, n_out, dz.reshape(-1), n_out, _ONE, weight_t.reshape(-1), n_in,
           flat, _NONE, flat, n_in)  # fmt: skip

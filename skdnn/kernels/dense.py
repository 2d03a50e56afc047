"""Dense layers: ``z = x W + b`` forward and backward, all matrices row-major and contiguous.

BLAS is column-major, so each product is written for the transposed matrices: the row-major
``(n, m)`` array is BLAS's ``(m, n)`` matrix.
"""

from skdnn._jit import N, T, gemm, kernel


@kernel
def dense_forward(x, weight, bias, z):
    """``z = x W + b``; x (n_rows, n_in), weight (n_in, n_out), bias (n_out,), z (n_rows, n_out)."""
    n_rows, n_out = z.shape
    n_in = x.shape[1]
    # The bias is written first and BLAS adds to it: no pass of its own.
    for i in range(n_rows):
        for j in range(n_out):
            z[i, j] = bias[j]
    gemm(N, N, n_out, n_rows, n_in, weight, n_out, x, n_in, z.dtype.type(1), z, n_out)


@kernel
def dense_backward_params(x, dz, weight_grad, bias_grad):
    """``dW = x^T dz`` (n_in, n_out) and ``db = sum of the rows of dz`` (n_out,)."""
    n_rows, n_out = dz.shape
    n_in = x.shape[1]
    gemm(N, T, n_out, n_in, n_rows, dz, n_out, x, n_in, dz.dtype.type(0), weight_grad, n_out)
    for j in range(n_out):
        bias_grad[j] = 0
    for i in range(n_rows):
        for j in range(n_out):
            bias_grad[j] += dz[i, j]


@kernel
def dense_backward_input(dz, weight, dx):
    """``dx = dz W^T`` (n_rows, n_in)."""
    n_rows, n_out = dz.shape
    n_in = weight.shape[0]
    gemm(T, N, n_in, n_rows, n_out, weight, n_out, dz, n_out, dz.dtype.type(0), dx, n_in)

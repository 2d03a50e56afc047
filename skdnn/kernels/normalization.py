"""Batch and layer normalization of pre-activations to mean 0 and variance 1, then gain and shift.

The shift is the layer's bias, which would have no effect before a normalization. Batch moments are
weighted, so that an integer sample weight is equivalent to repeated rows.

References
----------
Ioffe & Szegedy 2015, "Batch normalization", arXiv 1502.03167; Ba, Kiros & Hinton 2016, "Layer
normalization", arXiv 1607.06450.
"""

import math

from skdnn._jit import kernel, part, sum_kernel
from skdnn.kernels.dense import column_sums

BATCH, LAYER = range(2)

#: Added to the variance; the usual value.
VARIANCE_EPSILON = 1e-5
#: Least weight of a full batch in the running moments.
RUNNING_SHARE = 0.1


@kernel
def running_share(step, mass):
    """Weight of a batch in the running moments.

    At first it is a plain average of the batches, later an exponential moving average. A batch
    counts by its sample weights: the last one of an epoch may have a single row.

    Parameters
    ----------
    step : int, from 1
    mass : float, sum of the weights of the batch, divided by the rows of a full one
    """
    if step <= 1:
        return 1.0
    share = 1.0 / step if 1.0 / step > RUNNING_SHARE else RUNNING_SHARE
    return share * mass if mass < 1.0 else share


@kernel
def batch_mass(n_rows, weights):
    """Sum of the sample weights of a batch; 1 if all are 0, to avoid a division by zero."""
    mass = weights.dtype.type(0)
    for i in range(n_rows):
        mass += weights[i]
    return mass if mass > 0 else weights.dtype.type(1)


@kernel
def batch_moments(n_rows, n, z, weights, mean_out, variance_out):
    """Weighted mean and variance of every column of a flat (n_rows, n) matrix; return the mass.

    NOTE[DIFF] The variance is that of the batch, without the correction of n / (n - 1) that some
    make for the running one: n would not be the same for weighted and for repeated rows.
    """
    mass = batch_mass(n_rows, weights)
    for j in range(n):
        mean_out[j] = 0
        variance_out[j] = 0
    for i in range(n_rows):
        row, share = part(z, i * n, n), weights[i] / mass
        for j in range(n):
            mean_out[j] += share * row[j]
    for i in range(n_rows):
        row, share = part(z, i * n, n), weights[i] / mass
        for j in range(n):
            error = row[j] - mean_out[j]
            variance_out[j] += share * error * error
    return mass


@kernel
def batch_forward(n_rows, n, z, gain, shift, mean, spread, normal_out):
    """``normal = (z - mean) * spread`` by columns, then ``z = normal * gain + shift``."""
    for i in range(n_rows):
        row, normal = part(z, i * n, n), part(normal_out, i * n, n)
        for j in range(n):
            normal[j] = (row[j] - mean[j]) * spread[j]
            row[j] = normal[j] * gain[j] + shift[j]


@kernel
def normalized_sums(n_rows, n, normal, dz, gain_grad, shift_grad):
    """Gradients of gain and shift from the gradient of what they make."""
    column_sums(n_rows, n, dz, shift_grad)
    for j in range(n):
        gain_grad[j] = 0
    for i in range(n_rows):
        row, d = part(normal, i * n, n), part(dz, i * n, n)
        for j in range(n):
            gain_grad[j] += row[j] * d[j]


@kernel
def batch_backward(n_rows, n, normal, weights, spread, gain, gain_grad, shift_grad, dz):
    """Gradient of the pre-activations, in place, from that of what gain and shift made."""
    mass = batch_mass(n_rows, weights)
    for i in range(n_rows):
        row, d = part(normal, i * n, n), part(dz, i * n, n)
        share = weights[i] / mass
        for j in range(n):
            through = shift_grad[j] + row[j] * gain_grad[j]
            d[j] = spread[j] * gain[j] * (d[j] - share * through)


@sum_kernel
def layer_forward(n_rows, n, z, gain, shift, spread_out, normal_out):
    """Normalize each row of a flat (n_rows, n) matrix; ``spread_out`` has one value a row."""
    real = z.dtype.type
    for i in range(n_rows):
        row, normal = part(z, i * n, n), part(normal_out, i * n, n)
        mean, squares = real(0), real(0)
        # A sum in a loop that also writes would depend on where the arrays lie: LLVM has two
        # versions of such a loop, and chooses when it runs.
        for j in range(n):
            mean += row[j]
        mean /= real(n)
        for j in range(n):
            error = row[j] - mean
            squares += error * error
        spread = real(1) / math.sqrt(squares / real(n) + real(VARIANCE_EPSILON))
        spread_out[i] = spread
        for j in range(n):
            normal[j] = (row[j] - mean) * spread
            row[j] = normal[j] * gain[j] + shift[j]


@sum_kernel
def layer_backward(n_rows, n, normal, spread, gain, dz):
    """Gradient of the pre-activations, in place, from that of what gain and shift made."""
    real = dz.dtype.type
    for i in range(n_rows):
        row, d = part(normal, i * n, n), part(dz, i * n, n)
        mean, along = real(0), real(0)
        for j in range(n):
            mean += d[j] * gain[j]
            along += d[j] * gain[j] * row[j]
        mean, along = mean / real(n), along / real(n)
        for j in range(n):
            d[j] = spread[i] * (d[j] * gain[j] - mean - row[j] * along)

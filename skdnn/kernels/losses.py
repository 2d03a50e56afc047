"""Losses: value and gradient with respect to the RAW prediction, in one pass.

Working on raw predictions (before the link) makes every gradient exact and every value finite;
the link is part of the loss only by its name. To add one: the loop, a branch in
``loss_gradient``, a record in ``LOSSES``.

Conventions, the same for all: the value is the sum over rows and outputs of weight times loss,
the gradient is divided by ``n_rows`` of the batch. Weights have mean 1 over the data set.
"""

import math

from skdnn._dtypes import ACCUMULATOR
from skdnn._jit import inlined, kernel, sum_kernel
from skdnn.kernels.elementary import exp, logistic, softplus
from skdnn.kernels.records import Loss, by_name

SQUARED_ERROR, BINARY_LOG_LOSS, LOG_LOSS = range(3)


@sum_kernel
def _squared_error(n_rows, n_out, raw, y, weights, dz):
    total = ACCUMULATOR(0)
    inverse = raw.dtype.type(1 / n_rows)
    # Outputs outside: with a single one the loop over the rows vectorises.
    for j in range(n_out):
        for i in range(n_rows):
            at = i * n_out + j
            error = raw[at] - y[at]
            total += ACCUMULATOR(weights[i]) * ACCUMULATOR(error) * ACCUMULATOR(error)
            dz[at] = weights[i] * inverse * error
    return 0.5 * total


@sum_kernel
def _binary_log_loss(n_rows, n_out, raw, y, weights, dz):
    total = ACCUMULATOR(0)
    inverse = raw.dtype.type(1 / n_rows)
    for j in range(n_out):
        for i in range(n_rows):
            at = i * n_out + j
            z = raw[at]
            total += ACCUMULATOR(weights[i]) * ACCUMULATOR(softplus(z) - y[at] * z)
            dz[at] = weights[i] * inverse * (logistic(z) - y[at])
    return total


@kernel
def _log_loss(n_rows, n_out, raw, y, weights, dz):
    total = ACCUMULATOR(0)
    for i in range(n_rows):
        start = i * n_out
        largest = raw[start]
        for j in range(1, n_out):
            largest = max(largest, raw[start + j])
        for j in range(n_out):
            dz[start + j] = raw[start + j] - largest
        total -= ACCUMULATOR(weights[i]) * ACCUMULATOR(dz[start + int(y[i])])
    # One loop over all, so that exp vectorises although a row is short.
    for i in range(n_rows * n_out):
        dz[i] = exp(dz[i])
    inverse = raw.dtype.type(1 / n_rows)
    for i in range(n_rows):
        row = dz[i * n_out : (i + 1) * n_out]
        mass = raw.dtype.type(0)
        for j in range(n_out):
            mass += row[j]
        total += ACCUMULATOR(weights[i]) * math.log(ACCUMULATOR(mass))
        scale = weights[i] * inverse
        for j in range(n_out):
            row[j] *= scale / mass
        row[int(y[i])] -= scale
    return total


@inlined
def loss_gradient(code, n_rows, n_out, raw, y, weights, dz):
    """Sum of weighted losses, and the gradient of their mean.

    Parameters
    ----------
    code : int
    n_rows, n_out : int
    raw : flat (n_rows, n_out) array, before the link
    y : flat (n_rows, n_out) array, or (n_rows,) with the index of the class
    weights : (n_rows,) array
    dz : flat (n_rows, n_out) array, out: gradient of ``total / n_rows``

    Returns
    -------
    total : float64
    """
    if code == SQUARED_ERROR:
        return _squared_error(n_rows, n_out, raw, y, weights, dz)
    if code == BINARY_LOG_LOSS:
        return _binary_log_loss(n_rows, n_out, raw, y, weights, dz)
    return _log_loss(n_rows, n_out, raw, y, weights, dz)


_BISHOP = "Bishop 2006, Pattern Recognition and Machine Learning, section 5.2"
LOSSES = by_name(
    [
        # NOTE[DIFF] Summed over the outputs, as scikit-learn's gradient is; its reported value
        # is a mean over them, which is not the function that it minimises.
        Loss("squared_error", SQUARED_ERROR, "identity", False, _BISHOP),
        Loss("binary_log_loss", BINARY_LOG_LOSS, "logistic", False, _BISHOP),
        Loss("log_loss", LOG_LOSS, "softmax", True, _BISHOP),
    ]
)

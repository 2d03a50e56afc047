"""Losses: value and gradient with respect to the RAW prediction, in one pass.

Working on raw predictions (before the link) makes every gradient exact and every value finite;
the link is part of the loss only by its name. To add one: the formula of an element and its array
loop (or a loop of its own, as those over classes), a branch in ``loss_gradient``, a record in
``LOSSES``.

Conventions, the same for all: the value is the sum over rows and outputs of weight times loss,
the gradient is divided by ``n_rows`` of the batch. Weights have mean 1 over the data set.
"""

import math

from skdnn._dtypes import ACCUMULATOR
from skdnn._jit import kernel, part, sum_kernel
from skdnn.kernels.elementary import exp, logistic, softplus
from skdnn.kernels.records import Loss, by_name

SQUARED_ERROR, ABSOLUTE_ERROR, HUBER, QUANTILE, POISSON, GAMMA = range(6)
BINARY_LOG_LOSS, BINARY_BRIER, LOG_LOSS, BRIER = range(6, 10)


# Formulas of an element: raw prediction z, target y, parameter of the output's column.
# Values are taken in float64 where a float32 might overflow or cancel.


@kernel
def squared_error_pair(z, y, _):
    error = z - y
    return 0.5 * ACCUMULATOR(error) * ACCUMULATOR(error), error


@kernel
def absolute_error_pair(z, y, _):
    error = z - y
    return abs(error), type(z)(1 if error > 0 else (-1 if error < 0 else 0))


@kernel
def huber_pair(z, y, delta):
    error = z - y
    slope = -delta if error < -delta else (delta if error > delta else error)
    return ACCUMULATOR(slope) * (ACCUMULATOR(error) - 0.5 * ACCUMULATOR(slope)), slope


@kernel
def quantile_pair(z, y, level):
    error = z - y
    slope = type(z)(1) - level if error > 0 else (-level if error < 0 else error * type(z)(0))
    return slope * error, slope


@kernel
def poisson_pair(z, y, _):
    # Half the deviance: zero at the best prediction.
    mean, target = exp(z), ACCUMULATOR(y)
    least = target * math.log(target) - target if y > 0 else 0.0
    return ACCUMULATOR(mean) - target * ACCUMULATOR(z) + least, mean - y


@kernel
def gamma_pair(z, y, _):
    ratio = y * exp(-z)
    value = ACCUMULATOR(ratio) - 1.0 + ACCUMULATOR(z) - math.log(ACCUMULATOR(y))
    return value, type(z)(1) - ratio


@kernel
def binary_log_loss_pair(z, y, _):
    return softplus(z) - y * z, logistic(z) - y


@kernel
def binary_brier_pair(z, y, _):
    p = logistic(z)
    error = p - y
    return error * error, type(z)(2) * error * p * (type(z)(1) - p)


def _array_loop(pair):
    """Sum of ``pair`` over a batch, and the gradient of its mean."""

    @sum_kernel
    def loop(n_rows, n_out, raw, y, weights, parameters, dz):
        total = ACCUMULATOR(0)
        inverse = raw.dtype.type(1 / n_rows)
        # Outputs outside: with a single one the loop over the rows vectorises.
        for j in range(n_out):
            parameter = raw.dtype.type(parameters[j])
            for i in range(n_rows):
                at = i * n_out + j
                value, slope = pair(raw[at], y[at], parameter)
                total += ACCUMULATOR(weights[i]) * ACCUMULATOR(value)
                dz[at] = weights[i] * inverse * slope
        return total

    return loop


_squared_error = _array_loop(squared_error_pair)
_absolute_error = _array_loop(absolute_error_pair)
_huber = _array_loop(huber_pair)
_quantile = _array_loop(quantile_pair)
_poisson = _array_loop(poisson_pair)
_gamma = _array_loop(gamma_pair)
_binary_log_loss = _array_loop(binary_log_loss_pair)
_binary_brier = _array_loop(binary_brier_pair)


@kernel
def _shifted_exp(n_rows, n_out, raw, out):
    """``exp(raw - largest of the row)``."""
    for i in range(n_rows):
        start = i * n_out
        largest = raw[start]
        for j in range(1, n_out):
            largest = raw[start + j] if raw[start + j] > largest else largest
        for j in range(n_out):
            out[start + j] = raw[start + j] - largest
    # One loop over all, so that exp vectorises although a row is short.
    for i in range(n_rows * n_out):
        out[i] = exp(out[i])


@kernel
def _log_loss(n_rows, n_out, raw, y, weights, parameters, dz):
    # Targets: 1 - smoothing for the class, and smoothing / n_out for each of all.
    total = ACCUMULATOR(0)
    inverse = raw.dtype.type(1 / n_rows)
    share = raw.dtype.type(parameters[0] / n_out)
    most = raw.dtype.type(1 - parameters[0])
    _shifted_exp(n_rows, n_out, raw, dz)
    for i in range(n_rows):
        z, row = part(raw, i * n_out, n_out), part(dz, i * n_out, n_out)
        target = int(y[i])
        mass, largest = raw.dtype.type(0), z[0]
        for j in range(n_out):
            mass += row[j]
            largest = z[j] if z[j] > largest else largest
        value = math.log(ACCUMULATOR(mass)) - ACCUMULATOR(most) * ACCUMULATOR(z[target] - largest)
        if share > 0:
            for j in range(n_out):
                value -= ACCUMULATOR(share) * ACCUMULATOR(z[j] - largest)
        total += ACCUMULATOR(weights[i]) * value
        scale = weights[i] * inverse
        for j in range(n_out):
            row[j] = row[j] * (scale / mass) - scale * share
        row[target] -= scale * most
    return total


@kernel
def _brier(n_rows, n_out, raw, y, weights, parameters, dz):
    total = ACCUMULATOR(0)
    inverse = raw.dtype.type(1 / n_rows)
    share = raw.dtype.type(parameters[0] / n_out)
    most, none = raw.dtype.type(1 - parameters[0]), raw.dtype.type(0)
    _shifted_exp(n_rows, n_out, raw, dz)
    for i in range(n_rows):
        row = part(dz, i * n_out, n_out)
        target = int(y[i])
        mass = raw.dtype.type(0)
        for j in range(n_out):
            mass += row[j]
        squares, mean = raw.dtype.type(0), raw.dtype.type(0)
        for j in range(n_out):
            row[j] /= mass
            error = row[j] - share - (most if j == target else none)
            squares += error * error
            mean += row[j] * error
        total += 0.5 * ACCUMULATOR(weights[i]) * ACCUMULATOR(squares)
        scale = weights[i] * inverse
        for j in range(n_out):
            error = row[j] - share - (most if j == target else none)
            row[j] *= scale * (error - mean)
    return total


@kernel
def loss_gradient(code, n_rows, n_out, raw, y, weights, parameters, dz):
    """Sum of weighted losses, and the gradient of their mean.

    Parameters
    ----------
    code : int
    n_rows, n_out : int
    raw : flat (n_rows, n_out) array, before the link
    y : flat (n_rows, n_out) array, or (n_rows,) with the index of the class
    weights : (n_rows,) array
    parameters : (n_out,) float64 array
        Of the loss, one for each output: delta, level, or the label smoothing.
    dz : flat (n_rows, n_out) array, out: gradient of ``total / n_rows``

    Returns
    -------
    total : float64
    """
    if code == SQUARED_ERROR:
        return _squared_error(n_rows, n_out, raw, y, weights, parameters, dz)
    if code == ABSOLUTE_ERROR:
        return _absolute_error(n_rows, n_out, raw, y, weights, parameters, dz)
    if code == HUBER:
        return _huber(n_rows, n_out, raw, y, weights, parameters, dz)
    if code == QUANTILE:
        return _quantile(n_rows, n_out, raw, y, weights, parameters, dz)
    if code == POISSON:
        return _poisson(n_rows, n_out, raw, y, weights, parameters, dz)
    if code == GAMMA:
        return _gamma(n_rows, n_out, raw, y, weights, parameters, dz)
    if code == BINARY_LOG_LOSS:
        return _binary_log_loss(n_rows, n_out, raw, y, weights, parameters, dz)
    if code == BINARY_BRIER:
        return _binary_brier(n_rows, n_out, raw, y, weights, parameters, dz)
    if code == LOG_LOSS:
        return _log_loss(n_rows, n_out, raw, y, weights, parameters, dz)
    return _brier(n_rows, n_out, raw, y, weights, parameters, dz)


_BISHOP = "Bishop 2006, Pattern Recognition and Machine Learning, section 5.2"
_GLM = "McCullagh & Nelder 1989, Generalized Linear Models, sections 6.2 and 8.3 (half deviance)"
_BRIER = "Brier 1950, Verification of forecasts expressed in terms of probability"
LOSSES = by_name(
    [
        # NOTE[DIFF] Summed over the outputs, as scikit-learn's gradient is; its reported value
        # is a mean over them, which is not the function that it minimises.
        Loss("squared_error", SQUARED_ERROR, "identity", False, "real", _BISHOP),
        Loss("absolute_error", ABSOLUTE_ERROR, "identity", False, "real", "Laplace 1774"),
        Loss(
            "huber", HUBER, "identity", False, "real",
            "Huber 1964, Robust estimation of a location parameter",
        ),
        Loss(
            "quantile", QUANTILE, "identity", False, "real",
            "Koenker & Bassett 1978, Regression quantiles",
        ),
        Loss("poisson", POISSON, "exp", False, "non-negative", _GLM),
        Loss("gamma", GAMMA, "exp", False, "positive", _GLM),
        Loss("binary_log_loss", BINARY_LOG_LOSS, "logistic", False, "unit", _BISHOP),
        Loss("binary_brier", BINARY_BRIER, "logistic", False, "unit", _BRIER),
        Loss("log_loss", LOG_LOSS, "softmax", True, "class", _BISHOP),
        # Half the sum over the classes: for two classes what one logistic unit has.
        Loss("brier", BRIER, "softmax", True, "class", _BRIER),
    ]
)  # fmt: skip

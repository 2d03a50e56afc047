"""Losses: value and gradient with respect to the RAW prediction, in one pass.

Working on raw predictions (before the link) makes every gradient exact and every value finite. To
add one: an elementwise function with the decorator ``loss``, which creates the loop over the batch
and the record; or a function of a batch with ``batch_loss``, if the outputs of a row depend on each
other, as in a softmax.

Conventions for all losses: the value is the sum over rows and outputs of weight times loss, the
gradient is divided by ``n_rows`` of the batch. Weights have mean 1 over the data set.
"""

import math
from collections.abc import Callable
from functools import cache
from typing import Any

from skdnn._dtypes import ACCUMULATOR
from skdnn._jit import kernel, part, sum_kernel
from skdnn.kernels.dispatch import reader, record_dispatcher
from skdnn.kernels.elementary import exp, logistic, softplus
from skdnn.kernels.records import Loss, numbered

_BISHOP = "Bishop 2006, Pattern Recognition and Machine Learning, section 5.2"
_GLM = "McCullagh & Nelder 1989, Generalized Linear Models, sections 6.2 and 8.3 (half deviance)"
_BRIER = "Brier 1950, Verification of forecasts expressed in terms of probability"

_records: list[Loss] = []
_reader = cache(reader)


def _array_loop(pair: Callable, n_parameters: int) -> Callable:
    """Sum of ``pair`` over a batch, and the gradient of its mean."""
    read = _reader(n_parameters)

    @sum_kernel
    def loop(n_rows, n_out, raw, y, weights, parameters, dz):
        total = ACCUMULATOR(0)
        inverse = raw.dtype.type(1 / n_rows)
        # Outputs outside: with a single one the loop over the rows vectorizes.
        for j in range(n_out):
            own = read(parameters, j)
            for i in range(n_rows):
                at = i * n_out + j
                value, slope = pair(raw[at], y[at], *own)
                total += ACCUMULATOR(weights[i]) * ACCUMULATOR(value)
                dz[at] = weights[i] * inverse * slope
        return total

    return loop


def loss(
    name: str, *, parameters: tuple[str, ...] = (), **fields: Any
) -> Callable[[Callable], Callable]:
    """Decorator of an elementwise loss: compile it, and add its record.

    It is a function of raw prediction z, target y and the float64 ``parameters`` of the output.
    Values are computed in float64 where float32 might overflow or cancel.
    """

    def decorate(formula: Callable) -> Callable:
        pair = kernel(formula)
        loop = _array_loop(pair, len(parameters))
        _records.append(Loss(name, loop, parameters=parameters, **fields))
        return pair

    return decorate


def batch_loss(name: str, **fields: Any) -> Callable[[Callable], Callable]:
    """Decorator of a loss of a whole batch, with the arguments of ``loss_gradient``."""

    def decorate(function: Callable) -> Callable:
        gradient = kernel(function)
        _records.append(Loss(name, gradient, **fields))
        return gradient

    return decorate


# NOTE[DIFF] Summed over the outputs, as scikit-learn's gradient is; its reported value is a mean
# over them, which is not the function that it minimizes.
@loss("squared_error", link="identity", domain="real", reference=_BISHOP, common=True)
def squared_error_pair(z, y):
    error = z - y
    return 0.5 * ACCUMULATOR(error) * ACCUMULATOR(error), error


@loss("absolute_error", link="identity", domain="real", reference="Laplace 1774")
def absolute_error_pair(z, y):
    error = z - y
    return abs(error), type(z)(1 if error > 0 else (-1 if error < 0 else 0))


@loss(
    "huber",
    link="identity",
    domain="real",
    parameters=("delta",),
    target_units=("delta",),
    reference="Huber 1964, Robust estimation of a location parameter",
)
def huber_pair(z, y, delta):
    error, limit = z - y, type(z)(delta)
    slope = -limit if error < -limit else (limit if error > limit else error)
    return ACCUMULATOR(slope) * (ACCUMULATOR(error) - 0.5 * ACCUMULATOR(slope)), slope


@loss(
    "quantile",
    link="identity",
    domain="real",
    outputs_per_target="levels",
    parameters=("quantile",),
    reference="Koenker & Bassett 1978, Regression quantiles",
)
def quantile_pair(z, y, quantile):
    error, level = z - y, type(z)(quantile)
    slope = type(z)(1) - level if error > 0 else (-level if error < 0 else error * type(z)(0))
    return slope * error, slope


@loss("poisson", link="exp", domain="non-negative", reference=_GLM)
def poisson_pair(z, y):
    # Half the deviance: zero at the best prediction.
    mean, target = exp(z), ACCUMULATOR(y)
    least = target * math.log(target) - target if y > 0 else 0.0
    return ACCUMULATOR(mean) - target * ACCUMULATOR(z) + least, mean - y


@loss("gamma", link="exp", domain="positive", reference=_GLM)
def gamma_pair(z, y):
    ratio = y * exp(-z)
    value = ACCUMULATOR(ratio) - 1.0 + ACCUMULATOR(z) - math.log(ACCUMULATOR(y))
    return value, type(z)(1) - ratio


@loss(
    "tweedie",
    link="exp",
    domain="non-negative",
    parameters=("power",),
    reference="Jørgensen 1987, Exponential dispersion models (half deviance)",
)
def tweedie_pair(z, y, power):
    # Half the deviance of a variance that is proportional to mean ** power, 1 < power < 2.
    down, up = y * exp(type(z)(1 - power) * z), exp(type(z)(2 - power) * z)
    best = ACCUMULATOR(y) ** (2 - power)
    value = (ACCUMULATOR(up) - best) / (2 - power) - (ACCUMULATOR(down) - best) / (1 - power)
    return value, up - down


#: Least standard deviation of the loss "normal", in units of the (scaled) target: without it the
#: likelihood of targets without noise has no maximum.
LEAST_DEVIATION = 1e-3
_LOG_LEAST, _LOG_ROOT = math.log(LEAST_DEVIATION), 0.5 * math.log(2 * math.pi)


@batch_loss(
    "normal",
    link="normal",
    domain="real",
    outputs_per_target=2,
    is_log_likelihood=True,
    reference="Nix & Weigend 1994, Estimating the mean and variance of the target distribution",
)
def normal_batch(n_rows, n_out, raw, y, weights, parameters, dz):
    # Outputs of a target: mean, and z of the standard deviation, which is exp(z) + LEAST_DEVIATION.
    # Its logarithm is log(LEAST_DEVIATION) + softplus(z - log(LEAST_DEVIATION)), finite for any z.
    total = ACCUMULATOR(0)
    inverse, one = raw.dtype.type(1 / n_rows), raw.dtype.type(1)
    least, root = raw.dtype.type(_LOG_LEAST), ACCUMULATOR(_LOG_ROOT)
    for i in range(n_rows):
        scale = weights[i] * inverse
        for j in range(i * n_out, (i + 1) * n_out, 2):
            above = raw[j + 1] - least
            log_deviation = least + raw.dtype.type(softplus(above))
            precision = exp(-log_deviation)
            error = (raw[j] - y[j]) * precision
            square = ACCUMULATOR(error) * ACCUMULATOR(error)
            value = root + ACCUMULATOR(log_deviation) + 0.5 * square
            total += ACCUMULATOR(weights[i]) * value
            dz[j] = scale * error * precision
            dz[j + 1] = scale * (one - error * error) * logistic(above)
    return total


@kernel
def smoothed(y, label_smoothing):
    """Smoothed label of a logistic output."""
    return type(y)(ACCUMULATOR(y) * (1 - label_smoothing) + 0.5 * label_smoothing)


@loss(
    "binary_log_loss",
    link="logistic",
    domain="unit",
    parameters=("label_smoothing",),
    is_log_likelihood=True,
    reference=_BISHOP,
    common=True,
)
def binary_log_loss_pair(z, y, label_smoothing):
    target = smoothed(y, label_smoothing)
    return softplus(z) - target * z, logistic(z) - target


@loss(
    "binary_brier",
    link="logistic",
    domain="unit",
    parameters=("label_smoothing",),
    reference=_BRIER,
)
def binary_brier_pair(z, y, label_smoothing):
    p = logistic(z)
    error = p - smoothed(y, label_smoothing)
    return error * error, type(z)(2) * error * p * (type(z)(1) - p)


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
    # One loop over all, so that exp vectorizes although a row is short.
    for i in range(n_rows * n_out):
        out[i] = exp(out[i])


@batch_loss(
    "log_loss",
    link="softmax",
    domain="class",
    parameters=("label_smoothing",),
    is_log_likelihood=True,
    reference=_BISHOP,
    common=True,
)
def log_loss_batch(n_rows, n_out, raw, y, weights, parameters, dz):
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


@batch_loss(
    "columns_log_loss",
    link="softmax of columns",
    domain="classes",
    parameters=("label_smoothing", "column"),
    is_log_likelihood=True,
    reference=_BISHOP,
)
def columns_log_loss_batch(n_rows, n_out, raw, y, weights, parameters, dz):
    # Targets: 1 for the class of each column, whose outputs are next to each other.
    total = ACCUMULATOR(0)
    inverse, smoothing = raw.dtype.type(1 / n_rows), parameters[0]
    for i in range(n_rows):
        scale, start = weights[i] * inverse, 0
        while start < n_out:
            end, column = start + 1, parameters[2 * start + 1]
            while end < n_out and parameters[2 * end + 1] == column:
                end += 1
            n = end - start
            z, row = part(raw, i * n_out + start, n), part(dz, i * n_out + start, n)
            share = raw.dtype.type(smoothing / n)
            most = raw.dtype.type(1 - smoothing)
            _shifted_exp(1, n, z, row)
            mass, largest = raw.dtype.type(0), z[0]
            for j in range(n):
                mass += row[j]
                largest = z[j] if z[j] > largest else largest
            value = math.log(ACCUMULATOR(mass))
            for j in range(n):
                target = most * y[i * n_out + start + j] + share
                if target > 0:
                    value -= ACCUMULATOR(target) * ACCUMULATOR(z[j] - largest)
                row[j] = scale * (row[j] / mass - target)
            total += ACCUMULATOR(weights[i]) * value
            start = end
    return total


# Half the sum over the classes: for two classes what one logistic unit has.
@batch_loss(
    "brier",
    link="softmax",
    domain="class",
    parameters=("label_smoothing",),
    reference=_BRIER,
)
def brier_batch(n_rows, n_out, raw, y, weights, parameters, dz):
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


LOSSES = numbered(_records)

#: Sum of weighted losses, and the gradient of their mean: ``(uncommon, code, n_rows, n_out, raw, y,
#: weights, parameters, dz)`` returns the float64 sum. ``raw`` is a flat (n_rows, n_out) array,
#: before the link; ``y`` is one, too, or has the index of the class, (n_rows,); ``weights`` is
#: (n_rows,); ``parameters`` a flat (n_out, n_parameters) float64 array; ``dz``, out, a flat
#: (n_rows, n_out) one with the gradient of the sum divided by ``n_rows``.
loss_gradient = record_dispatcher(
    "loss_gradient", "n_rows, n_out, raw, y, weights, parameters, dz", LOSSES.values(), "gradient"
)

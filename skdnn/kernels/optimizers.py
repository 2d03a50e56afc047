"""Update rules on flat vectors, one pass that changes the parameters for each step.

A rule knows gradients and its own slots; the learning rate of the step comes from outside, when
to stop is decided elsewhere. To add one: the loop, a branch in ``update``, a record in
``OPTIMIZERS``.

The penalty enters here, and so does clipping: both are factors and terms of the gradient, added on
the fly. The value of the penalty, which the reported loss needs, is taken just before the pass
that changes the weights.
"""

import math

import numpy as np

from skdnn._dtypes import ACCUMULATOR
from skdnn._jit import kernel, part, sum_kernel
from skdnn.kernels.records import Optimizer, by_name

SGD, ADAM, ADAMW, RMSPROP = range(4)

# Places in the vector of hyper-parameters, the same for all rules.
MOMENTUM, NESTEROV, BETA_1, BETA_2, EPSILON, WEIGHT_DECAY, L2, L1, CLIP_NORM, N_HYPER = range(10)

# Columns of the factors of a segment.
RATE_FACTOR, DECAY_FACTOR, PENALTY_FACTOR, N_FACTORS = range(4)


@kernel
def penalised(w, g, scale, l2, l1):
    """Gradient of a weight: the scaled one of the loss, and that of the penalty.

    The penalty ``l1 * abs(w)`` has a kink at zero. There the gradient is the smallest of those
    that it allows (Andrew & Gao 2007, "Scalable training of L1-regularized log-linear models").
    """
    slope = scale * g + l2 * w
    if w > 0:
        return slope + l1
    if w < 0:
        return slope - l1
    return slope - l1 if slope > l1 else (slope + l1 if slope < -l1 else slope * type(w)(l1 == 0))


@kernel
def landing(before, after, gradient, l1):
    """Where a step ends: with an L1 penalty at zero, rather than on its other side.

    A weight at zero stays there while the penalty outweighs the gradient of the loss, whatever
    the optimiser's averages say.
    """
    stays = before * after < 0 or (before == 0 and gradient == 0)
    return type(after)(0) if l1 > 0 and stays else after


@kernel
def _sgd(w, g, velocity, rate, momentum, nesterov, scale, l2, l1):
    real = w.dtype.type
    rate, momentum, scale, l2, l1 = real(rate), real(momentum), real(scale), real(l2), real(l1)
    if nesterov:
        for i in range(w.size):
            gradient = penalised(w[i], g[i], scale, l2, l1)
            step = rate * gradient
            velocity[i] = momentum * velocity[i] - step
            w[i] = landing(w[i], w[i] + (momentum * velocity[i] - step), gradient, l1)
    else:
        for i in range(w.size):
            gradient = penalised(w[i], g[i], scale, l2, l1)
            velocity[i] = momentum * velocity[i] - rate * gradient
            w[i] = landing(w[i], w[i] + velocity[i], gradient, l1)


@kernel
def _adam(w, g, mean, square, rate, beta_1, beta_2, epsilon, keep, scale, l2, l1):
    real = w.dtype.type
    rate, epsilon, keep = real(rate), real(epsilon), real(keep)
    scale, l2, l1 = real(scale), real(l2), real(l1)
    b1, b2, c1, c2 = real(beta_1), real(beta_2), real(1 - beta_1), real(1 - beta_2)
    for i in range(w.size):
        gradient = penalised(w[i], g[i], scale, l2, l1)
        mean[i] = b1 * mean[i] + c1 * gradient
        square[i] = b2 * square[i] + c2 * (gradient * gradient)
        after = keep * w[i] - rate * mean[i] / (math.sqrt(square[i]) + epsilon)
        w[i] = landing(w[i], after, gradient, l1)


@kernel
def _rmsprop(w, g, square, rate, beta_2, epsilon, scale, l2, l1):
    real = w.dtype.type
    rate, epsilon, scale, l2, l1 = real(rate), real(epsilon), real(scale), real(l2), real(l1)
    b2, c2 = real(beta_2), real(1 - beta_2)
    for i in range(w.size):
        gradient = penalised(w[i], g[i], scale, l2, l1)
        square[i] = b2 * square[i] + c2 * (gradient * gradient)
        after = w[i] - rate * gradient / (math.sqrt(square[i]) + epsilon)
        w[i] = landing(w[i], after, gradient, l1)


@sum_kernel
def _block_squared_norm(w):
    total = w.dtype.type(0)
    for i in range(w.size):
        total += w[i] * w[i]
    return total


@kernel
def squared_norm(w):
    """Sum of squares in float64, by blocks that are summed in the array's own dtype."""
    total = ACCUMULATOR(0)
    for start in range(0, w.size, 1024):
        total += ACCUMULATOR(_block_squared_norm(part(w, start, min(1024, w.size - start))))
    return total


@sum_kernel
def _block_norm(w):
    total = w.dtype.type(0)
    for i in range(w.size):
        total += abs(w[i])
    return total


@sum_kernel
def gradient_norm(g):
    """Length of a gradient, which may be so long that its square is no float32."""
    total = ACCUMULATOR(0)
    for i in range(g.size):
        total += ACCUMULATOR(g[i]) * ACCUMULATOR(g[i])
    return math.sqrt(total)


@kernel
def absolute_norm(w):
    """Sum of absolute values, by blocks like ``squared_norm``."""
    total = ACCUMULATOR(0)
    for start in range(0, w.size, 1024):
        total += ACCUMULATOR(_block_norm(part(w, start, min(1024, w.size - start))))
    return total


@kernel
def update(code, hyper, rate, strength, step, n_rows, segments, factors, params, grads, slots):
    """One step of the optimiser over all segments.

    Parameters
    ----------
    code : int
    hyper : (N_HYPER,) float64 array
    rate : float, learning rate of this step
    strength : float, factor on the weight decay of this step
    step : int, number of this step, from 1
    n_rows : int, rows of the batch; the penalty is divided by it as the loss is
    segments : (n_segments, 2) int64 array, first and last + 1 of each segment
    factors : (n_segments, N_FACTORS) float64 array
    params, grads : (n_params,) arrays
    slots : (n_slots * n_params,) array

    Returns
    -------
    penalty : float64
        The penalty at the parameters before the step, not divided by ``n_rows``.
    """
    n = params.size
    total = ACCUMULATOR(0)
    correction_1 = 1.0 - hyper[BETA_1] ** step
    correction_2 = math.sqrt(1.0 - hyper[BETA_2] ** step)
    scale = 1.0
    if hyper[CLIP_NORM] < np.inf:
        norm = gradient_norm(grads)
        scale = hyper[CLIP_NORM] / norm if norm > hyper[CLIP_NORM] else 1.0
    for s in range(segments.shape[0]):
        start, size = segments[s, 0], segments[s, 1] - segments[s, 0]
        w, g = part(params, start, size), part(grads, start, size)
        l2 = hyper[L2] * factors[s, PENALTY_FACTOR]
        l1 = hyper[L1] * factors[s, PENALTY_FACTOR]
        if l2 > 0:
            total += 0.5 * l2 * squared_norm(w)
        if l1 > 0:
            total += l1 * absolute_norm(w)
        l2, l1 = l2 / n_rows, l1 / n_rows
        lr = rate * factors[s, RATE_FACTOR]
        first = part(slots, start, size)
        if code == SGD:
            _sgd(w, g, first, lr, hyper[MOMENTUM], hyper[NESTEROV] > 0, scale, l2, l1)
        elif code == RMSPROP:
            # NOTE[DIFF] The running square is corrected for its start at zero, as Adam's is;
            # otherwise the first steps are 1 / sqrt(1 - beta_2) times too long.
            _rmsprop(w, g, first, lr * correction_2, hyper[BETA_2],
                     hyper[EPSILON] * correction_2, scale, l2, l1)  # fmt: skip
        else:
            epsilon, keep = hyper[EPSILON], 1.0
            if code == ADAMW:
                # As published: epsilon beside the corrected square, unlike scikit-learn's Adam.
                epsilon *= correction_2
                keep = 1.0 - lr * hyper[WEIGHT_DECAY] * strength * factors[s, DECAY_FACTOR]
            _adam(w, g, first, part(slots, n + start, size), lr * correction_2 / correction_1,
                  hyper[BETA_1], hyper[BETA_2], epsilon, keep, scale, l2, l1)  # fmt: skip
    return total


OPTIMIZERS = by_name(
    [
        Optimizer("sgd", SGD, 1, "Sutskever et al. 2013, On the importance of initialization"),
        Optimizer("adam", ADAM, 2, "Kingma & Ba 2015, arXiv 1412.6980, end of section 2"),
        Optimizer("adamw", ADAMW, 2, "Loshchilov & Hutter 2019, arXiv 1711.05101"),
        Optimizer("rmsprop", RMSPROP, 1, "Tieleman & Hinton 2012, Lecture 6.5"),
    ]
)

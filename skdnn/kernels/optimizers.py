"""Update rules on flat vectors, one pass that changes the parameters for each step.

A rule knows gradients and its own slots; the learning rate of the step comes from outside, when
to stop is decided elsewhere. To add one: the loop, a branch in ``update``, a record in
``OPTIMIZERS``.

The L2 penalty enters here: its gradient is added on the fly, and the sum of the squared weights,
which the reported loss needs, is taken just before the pass that changes them.
"""

import math

from skdnn._dtypes import ACCUMULATOR
from skdnn._jit import inlined, kernel, sum_kernel
from skdnn.kernels.records import Optimizer, by_name

SGD, ADAM, ADAMW, RMSPROP = range(4)

# Places in the vector of hyper-parameters, the same for all rules.
MOMENTUM, NESTEROV, BETA_1, BETA_2, EPSILON, WEIGHT_DECAY, ALPHA, N_HYPER = range(8)

# Columns of the factors of a segment.
RATE_FACTOR, DECAY_FACTOR, PENALTY_FACTOR, N_FACTORS = range(4)


@kernel
def _sgd(w, g, velocity, rate, momentum, nesterov, penalty):
    real = w.dtype.type
    rate, momentum, penalty = real(rate), real(momentum), real(penalty)
    if nesterov:
        for i in range(w.size):
            step = rate * (g[i] + penalty * w[i])
            velocity[i] = momentum * velocity[i] - step
            w[i] += momentum * velocity[i] - step
    else:
        for i in range(w.size):
            velocity[i] = momentum * velocity[i] - rate * (g[i] + penalty * w[i])
            w[i] += velocity[i]


@kernel
def _adam(w, g, mean, square, rate, beta_1, beta_2, epsilon, keep, penalty):
    real = w.dtype.type
    rate, epsilon, keep, penalty = real(rate), real(epsilon), real(keep), real(penalty)
    b1, b2, c1, c2 = real(beta_1), real(beta_2), real(1 - beta_1), real(1 - beta_2)
    for i in range(w.size):
        gradient = g[i] + penalty * w[i]
        mean[i] = b1 * mean[i] + c1 * gradient
        square[i] = b2 * square[i] + c2 * (gradient * gradient)
        w[i] = keep * w[i] - rate * mean[i] / (math.sqrt(square[i]) + epsilon)


@kernel
def _rmsprop(w, g, square, rate, beta_2, epsilon, penalty):
    real = w.dtype.type
    rate, epsilon, penalty = real(rate), real(epsilon), real(penalty)
    b2, c2 = real(beta_2), real(1 - beta_2)
    for i in range(w.size):
        gradient = g[i] + penalty * w[i]
        square[i] = b2 * square[i] + c2 * (gradient * gradient)
        w[i] -= rate * gradient / (math.sqrt(square[i]) + epsilon)


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
        total += ACCUMULATOR(_block_squared_norm(w[start : start + 1024]))
    return total


@inlined
def update(code, hyper, rate, step, n_rows, segments, factors, params, grads, slots):
    """One step of the optimiser over all segments.

    Parameters
    ----------
    code : int
    hyper : (N_HYPER,) float64 array
    rate : float, learning rate of this step
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
    for s in range(segments.shape[0]):
        start, stop = segments[s]
        w, g = params[start:stop], grads[start:stop]
        penalty = hyper[ALPHA] * factors[s, PENALTY_FACTOR]
        if penalty > 0:
            total += 0.5 * penalty * squared_norm(w)
        penalty = penalty / n_rows
        lr = rate * factors[s, RATE_FACTOR]
        first = slots[start:stop]
        if code == SGD:
            _sgd(w, g, first, lr, hyper[MOMENTUM], hyper[NESTEROV] > 0, penalty)
        elif code == RMSPROP:
            # NOTE[DIFF] The running square is corrected for its start at zero, as Adam's is;
            # otherwise the first steps are 1 / sqrt(1 - beta_2) times too long.
            _rmsprop(w, g, first, lr * correction_2, hyper[BETA_2],
                     hyper[EPSILON] * correction_2, penalty)  # fmt: skip
        else:
            epsilon, keep = hyper[EPSILON], 1.0
            if code == ADAMW:
                # As published: epsilon beside the corrected square, unlike scikit-learn's Adam.
                epsilon *= correction_2
                keep = 1.0 - lr * hyper[WEIGHT_DECAY] * factors[s, DECAY_FACTOR]
            _adam(w, g, first, slots[n + start : n + stop], lr * correction_2 / correction_1,
                  hyper[BETA_1], hyper[BETA_2], epsilon, keep, penalty)  # fmt: skip
    return total


OPTIMIZERS = by_name(
    [
        Optimizer("sgd", SGD, 1, "Sutskever et al. 2013, On the importance of initialization"),
        Optimizer("adam", ADAM, 2, "Kingma & Ba 2015, arXiv 1412.6980, end of section 2"),
        Optimizer("adamw", ADAMW, 2, "Loshchilov & Hutter 2019, arXiv 1711.05101"),
        Optimizer("rmsprop", RMSPROP, 1, "Tieleman & Hinton 2012, Lecture 6.5"),
    ]
)

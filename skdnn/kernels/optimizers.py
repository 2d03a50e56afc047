"""Update rules on flat vectors, one pass that changes the parameters for each step.

A rule knows gradients and its own slots; the learning rate of the step comes from outside, when
to stop is decided elsewhere. To add one: the loop, a branch in ``update``, a record in
``OPTIMIZERS``.

The penalty enters here, and so does clipping: both are factors and terms of the gradient, added on
the fly. The value of the penalty, which the reported loss needs, is taken just before the pass
that changes the weights.
"""

import math

from skdnn._dtypes import ACCUMULATOR
from skdnn._jit import kernel, part, sum_kernel
from skdnn.kernels.records import Optimizer, by_name

SGD, ADAM, ADAMW, RMSPROP = range(4)

# Places in the vector of hyper-parameters, the same for all rules.
MOMENTUM, NESTEROV, BETA_1, BETA_2, EPSILON, WEIGHT_DECAY, L2, L1, CLIP_NORM, N_HYPER = range(10)

# Columns of the factors of a segment.
RATE_FACTOR, DECAY_FACTOR, PENALTY_FACTOR, N_FACTORS = range(4)

#: Parameters that are penalised and changed together: they stay in the first-level cache, and so
#: many can be summed in float32.
UPDATE_BLOCK = 1024


@kernel
def _sgd(w, g, velocity, rate, momentum, nesterov, scale, l2):
    real = w.dtype.type
    rate, momentum, scale, l2 = real(rate), real(momentum), real(scale), real(l2)
    if nesterov:
        for i in range(w.size):
            step = rate * (scale * g[i] + l2 * w[i])
            velocity[i] = momentum * velocity[i] - step
            w[i] += momentum * velocity[i] - step
    else:
        for i in range(w.size):
            velocity[i] = momentum * velocity[i] - rate * (scale * g[i] + l2 * w[i])
            w[i] += velocity[i]


@kernel
def _adam(w, g, mean, square, rate, beta_1, beta_2, epsilon, keep, scale, l2):
    real = w.dtype.type
    rate, epsilon, keep, scale, l2 = real(rate), real(epsilon), real(keep), real(scale), real(l2)
    b1, b2, c1, c2 = real(beta_1), real(beta_2), real(1 - beta_1), real(1 - beta_2)
    for i in range(w.size):
        gradient = scale * g[i] + l2 * w[i]
        mean[i] = b1 * mean[i] + c1 * gradient
        square[i] = b2 * square[i] + c2 * (gradient * gradient)
        w[i] = keep * w[i] - rate * mean[i] / (math.sqrt(square[i]) + epsilon)


@kernel
def _rmsprop(w, g, square, rate, beta_2, epsilon, scale, l2):
    real = w.dtype.type
    rate, epsilon, scale, l2 = real(rate), real(epsilon), real(scale), real(l2)
    b2, c2 = real(beta_2), real(1 - beta_2)
    for i in range(w.size):
        gradient = scale * g[i] + l2 * w[i]
        square[i] = b2 * square[i] + c2 * (gradient * gradient)
        w[i] -= rate * gradient / (math.sqrt(square[i]) + epsilon)


@kernel
def l1_gradient(w, g, scale, l2, l1, before_out):
    """Turn the gradient of the loss into that with the penalty, and keep the weights.

    The penalty ``l1 * abs(w)`` has a kink at zero. There the gradient is the smallest of those
    that it allows (Andrew & Gao 2007, "Scalable training of L1-regularized log-linear models").
    """
    real = w.dtype.type
    scale, l2, l1 = real(scale), real(l2), real(l1)
    for i in range(w.size):
        before_out[i] = w[i]
        slope = scale * g[i] + l2 * w[i]
        if w[i] > 0:
            g[i] = slope + l1
        elif w[i] < 0:
            g[i] = slope - l1
        else:
            g[i] = slope - l1 if slope > l1 else (slope + l1 if slope < -l1 else slope * real(0))


@kernel
def l1_landing(before, g, w):
    """With an L1 penalty a step ends at zero, rather than on its other side.

    A weight at zero stays there while the penalty outweighs the gradient of the loss, whatever
    the optimiser's averages say.
    """
    for i in range(w.size):
        if before[i] * w[i] < 0 or (before[i] == 0 and g[i] == 0):
            w[i] = 0


@sum_kernel
def squared_norm(w):
    """Sum of squares in the array's own dtype."""
    total = w.dtype.type(0)
    for i in range(w.size):
        total += w[i] * w[i]
    return total


@sum_kernel
def absolute_norm(w):
    """Sum of absolute values in the array's own dtype."""
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
def update(
    code, hyper, rate, strength, step, n_rows, clip, segments, factors, params, grads, slots,
    scratch, first_block, stop_block, penalties_out,
):  # fmt: skip
    """One step of the optimiser for the parameters of some blocks.

    Parameters
    ----------
    code : int
    hyper : (N_HYPER,) float64 array
    rate : float, learning rate of this step
    strength : float, factor on the weight decay of this step
    step : int, number of this step, from 1
    n_rows : int, rows of the batch; the penalty is divided by it as the loss is
    clip : float, factor on the gradient of the loss
    segments : (n_segments, 2) int64 array, first and last + 1 of each segment
    factors : (n_segments, N_FACTORS) float64 array
    params, grads : (n_params,) arrays; the gradients are used up
    slots : (n_slots * n_params,) array
    scratch : (at least UPDATE_BLOCK,) array
    first_block, stop_block : int
    penalties_out : (n_blocks,) float64 array
        The penalty of each block at the parameters before the step, not divided by ``n_rows``.
    """
    n = params.size
    correction_1 = 1.0 - hyper[BETA_1] ** step
    correction_2 = math.sqrt(1.0 - hyper[BETA_2] ** step)
    block = -1
    for s in range(segments.shape[0]):
        penalty_l2 = hyper[L2] * factors[s, PENALTY_FACTOR]
        penalty_l1 = hyper[L1] * factors[s, PENALTY_FACTOR]
        lr = rate * factors[s, RATE_FACTOR]
        for start in range(segments[s, 0], segments[s, 1], UPDATE_BLOCK):
            block += 1
            if block < first_block or block >= stop_block:
                continue
            size = min(UPDATE_BLOCK, segments[s, 1] - start)
            w, g = part(params, start, size), part(grads, start, size)
            slot, before = part(slots, start, size), part(scratch, 0, size)
            scale, l2, penalty = clip, penalty_l2 / n_rows, ACCUMULATOR(0)
            if penalty_l2 > 0:
                penalty += 0.5 * penalty_l2 * squared_norm(w)
            if penalty_l1 > 0:
                penalty += penalty_l1 * absolute_norm(w)
                l1_gradient(w, g, scale, l2, penalty_l1 / n_rows, before)
                scale, l2 = 1.0, 0.0
            penalties_out[block] = penalty
            if code == SGD:
                _sgd(w, g, slot, lr, hyper[MOMENTUM], hyper[NESTEROV] > 0, scale, l2)
            elif code == RMSPROP:
                # NOTE[DIFF] The running square is corrected for its start at zero, as Adam's is;
                # otherwise the first steps are 1 / sqrt(1 - beta_2) times too long.
                _rmsprop(w, g, slot, lr * correction_2, hyper[BETA_2],
                         hyper[EPSILON] * correction_2, scale, l2)  # fmt: skip
            else:
                epsilon, keep = hyper[EPSILON], 1.0
                if code == ADAMW:
                    # As published: epsilon beside the corrected square, unlike scikit-learn's Adam.
                    epsilon *= correction_2
                    keep -= lr * hyper[WEIGHT_DECAY] * strength * factors[s, DECAY_FACTOR]
                _adam(w, g, slot, part(slots, n + start, size), lr * correction_2 / correction_1,
                      hyper[BETA_1], hyper[BETA_2], epsilon, keep, scale, l2)  # fmt: skip
            if penalty_l1 > 0:
                l1_landing(before, g, w)


OPTIMIZERS = by_name(
    [
        Optimizer("sgd", SGD, 1, "Sutskever et al. 2013, On the importance of initialization"),
        Optimizer("adam", ADAM, 2, "Kingma & Ba 2015, arXiv 1412.6980, end of section 2"),
        Optimizer("adamw", ADAMW, 2, "Loshchilov & Hutter 2019, arXiv 1711.05101"),
        Optimizer("rmsprop", RMSPROP, 1, "Tieleman & Hinton 2012, Lecture 6.5"),
    ]
)

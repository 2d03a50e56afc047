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
from skdnn.kernels.team import BLOCKS, NORM, share, wait_for_all

SGD, ADAM, ADAMW, RMSPROP = range(4)

# Places in the vector of hyper-parameters, the same for all rules.
MOMENTUM, NESTEROV, BETA_1, BETA_2, EPSILON, WEIGHT_DECAY, L2, L1, CLIP_NORM, N_HYPER = range(10)

# Columns of the factors of a segment.
RATE_FACTOR, DECAY_FACTOR, PENALTY_FACTOR, N_FACTORS = range(4)

#: Parameters that are penalized and changed together: they stay in the first-level cache, and so
#: many can be summed in float32.
UPDATE_BLOCK = 1024


@kernel
def _sgd(w, g, velocity, hyper, rate, scale, l2):
    real = w.dtype.type
    rate, momentum, scale, l2 = real(rate), real(hyper[MOMENTUM]), real(scale), real(l2)
    if hyper[NESTEROV] > 0:
        for i in range(w.size):
            step = rate * (scale * g[i] + l2 * w[i])
            velocity[i] = momentum * velocity[i] - step
            w[i] += momentum * velocity[i] - step
    else:
        for i in range(w.size):
            velocity[i] = momentum * velocity[i] - rate * (scale * g[i] + l2 * w[i])
            w[i] += velocity[i]


@kernel
def _adam(w, g, mean, square, hyper, rate, epsilon, keep, scale, l2):
    real, beta_1, beta_2 = w.dtype.type, hyper[BETA_1], hyper[BETA_2]
    rate, epsilon, keep, scale, l2 = real(rate), real(epsilon), real(keep), real(scale), real(l2)
    b1, b2, c1, c2 = real(beta_1), real(beta_2), real(1 - beta_1), real(1 - beta_2)
    for i in range(w.size):
        gradient = scale * g[i] + l2 * w[i]
        mean[i] = b1 * mean[i] + c1 * gradient
        square[i] = b2 * square[i] + c2 * (gradient * gradient)
        w[i] = keep * w[i] - rate * mean[i] / (math.sqrt(square[i]) + epsilon)


@kernel
def _rmsprop(w, g, square, hyper, rate, epsilon, scale, l2):
    real, beta_2 = w.dtype.type, hyper[BETA_2]
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
    the optimizer's averages say.
    """
    for i in range(w.size):
        if before[i] * w[i] < 0 or (before[i] == 0 and g[i] == 0):
            w[i] = 0


@kernel
def _into_bounds(uncommon, w, low, high):
    """Move parameters that a step has taken beyond their bounds to these; NaN stays NaN."""
    if uncommon is not None:
        for i in range(w.size):
            w[i] = low[i] if w[i] < low[i] else (high[i] if w[i] > high[i] else w[i])


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
def _other_rule(program, uncommon, w, g, slot, rate, correction, decay, scale, l2):
    """A step by a rule that is not common."""
    code, hyper = program.optimizer_code, program.hyper
    if uncommon is not None:
        if code == SGD:
            _sgd(w, g, slot, hyper, rate, scale, l2)
        elif code == RMSPROP:
            # NOTE[DIFF] The running square is corrected for its start at zero, as Adam's is;
            # otherwise the first steps are 1 / sqrt(1 - beta_2) times too long.
            epsilon = hyper[EPSILON] * correction
            _rmsprop(w, g, slot, hyper, rate * correction, epsilon, scale, l2)


@kernel
def _l1_before(uncommon, w, g, scale, l2, l1, n_rows, before_out):
    """The L1 penalty ``l1 * abs(w)``, which enters the gradient, not divided by ``n_rows``."""
    if uncommon is not None:
        l1_gradient(w, g, scale, l2, l1 / n_rows, before_out)
        return l1 * absolute_norm(w)
    return ACCUMULATOR(0)


@kernel
def _l1_after(uncommon, before, g, w):
    if uncommon is not None:
        l1_landing(before, g, w)


@kernel
def update(program, state, team, step, n_rows):
    """One step of the optimizer, the work shared by a team; False if one has given up.

    Parameters
    ----------
    program : Program
    state : State
        Parameters and slots are changed, the gradients are used up.
    team : Team
        Gets the penalty of each block at the parameters before the step, not divided by
        ``n_rows``.
    step : Step
    n_rows : int
        Rows of the batch; the penalty is divided by it as the loss is.
    """
    code, hyper, n = program.optimizer_code, program.hyper, state.params.size
    segments, factors = program.segments, program.factors
    clip = 1.0
    if hyper[CLIP_NORM] < math.inf:
        if team.worker == 0:
            team.values[NORM] = gradient_norm(state.grads)
        if not wait_for_all(team.n_workers, team.barrier):
            return False
        norm = team.values[NORM]
        clip = hyper[CLIP_NORM] / norm if norm > hyper[CLIP_NORM] else 1.0
    correction_1 = 1.0 - hyper[BETA_1] ** step.number
    correction_2 = math.sqrt(1.0 - hyper[BETA_2] ** step.number)
    first_block, stop_block = share(team, team.penalties.size, BLOCKS)
    block = -1
    for s in range(segments.shape[0]):
        penalty_l2 = hyper[L2] * factors[s, PENALTY_FACTOR]
        penalty_l1 = hyper[L1] * factors[s, PENALTY_FACTOR]
        lr = step.learning_rate * factors[s, RATE_FACTOR]
        for start in range(segments[s, 0], segments[s, 1], UPDATE_BLOCK):
            block += 1
            if block < first_block or block >= stop_block:
                continue
            size = min(UPDATE_BLOCK, segments[s, 1] - start)
            w, g = part(state.params, start, size), part(state.grads, start, size)
            slot, before = part(state.slots, start, size), part(state.scratch, 0, size)
            scale, l2, penalty = clip, penalty_l2 / n_rows, ACCUMULATOR(0)
            if penalty_l2 > 0:
                penalty += 0.5 * penalty_l2 * squared_norm(w)
            if penalty_l1 > 0:
                penalty += _l1_before(program.uncommon, w, g, scale, l2, penalty_l1, n_rows, before)
                scale, l2 = 1.0, 0.0
            team.penalties[block] = penalty
            decay = lr * hyper[WEIGHT_DECAY] * step.regularization_factor * factors[s, DECAY_FACTOR]
            if code in (ADAM, ADAMW):
                epsilon, keep = hyper[EPSILON], 1.0
                if code == ADAMW:
                    # As published: epsilon beside the corrected square, unlike scikit-learn's Adam.
                    epsilon *= correction_2
                    keep -= decay
                square = part(state.slots, n + start, size)
                rate = lr * correction_2 / correction_1
                _adam(w, g, slot, square, hyper, rate, epsilon, keep, scale, l2)
            else:
                _other_rule(
                    program, program.uncommon, w, g, slot, lr, correction_2, decay, scale, l2
                )
            if penalty_l1 > 0:
                _l1_after(program.uncommon, before, g, w)
            if state.low.size > 0:
                low, high = part(state.low, start, size), part(state.high, start, size)
                _into_bounds(program.uncommon, w, low, high)
    return wait_for_all(team.n_workers, team.barrier)


OPTIMIZERS = by_name(
    [
        Optimizer("sgd", SGD, 1, "Sutskever et al. 2013, On the importance of initialization"),
        Optimizer("adam", ADAM, 2, "Kingma & Ba 2015, arXiv 1412.6980, end of section 2", True),
        Optimizer("adamw", ADAMW, 2, "Loshchilov & Hutter 2019, arXiv 1711.05101", True),
        Optimizer("rmsprop", RMSPROP, 1, "Tieleman & Hinton 2012, Lecture 6.5"),
    ]
)


def n_slots_of(solver: str) -> int:
    """Number of state vectors of a solver; L-BFGS keeps none between epochs.

    Raises
    ------
    ValueError
        If there is no such solver: kernels would write into state vectors that do not exist.
    """
    if solver == "lbfgs":
        return 0
    if solver not in OPTIMIZERS:
        raise ValueError(
            f"The 'solver' parameter must be one of {[*OPTIMIZERS, 'lbfgs']}. Got {solver!r} "
            "instead."
        )
    return OPTIMIZERS[solver].n_slots

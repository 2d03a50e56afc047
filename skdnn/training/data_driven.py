"""Data-dependent initialization.

Weights are scaled so that the pre-activations of each hidden unit have standard deviation 1 over
the training rows, and its bias puts their zero at a random quantile. Layers are initialized in
order.

References
----------
Holzmüller, Grinsztajn, Steinwart 2024, "Better by default", arXiv 2407.04491: "std" for the
weights. NOTE[DIFF] Zeros at quantiles instead of mixtures of five rows ("he+5"): sample weights
are then equivalent to repeated rows. The output layer keeps its small random weights.
"""

from __future__ import annotations

import numpy as np

from skdnn.network.network import Network
from skdnn.training.data import Rows
from skdnn.training.engine import pre_activations

#: Number of rows to estimate standard deviations from: enough for two digits.
N_ROWS = 1024
#: Range of the random quantiles.
LEVELS = 0.1, 0.9
#: A smaller standard deviation is rounding error.
_LEAST = 1e-6


# An overflow here is also one in training, which raises an error.
@np.errstate(over="ignore", invalid="ignore")
def fit_initial_values(
    network: Network, member: int, rows: Rows, random_state: np.random.RandomState
) -> None:
    """Initialize all hidden layers of a member from the training rows, in place.

    Parameters
    ----------
    network : Network
    member : int
    rows : Rows
        Training rows, dense or sparse.
    random_state : RandomState
    """
    index = np.arange(rows.n_rows)
    if index.size > N_ROWS:
        index = random_state.permutation(index)[:N_ROWS]
    own = network.part(slice(member, member + 1))
    weights = rows.weights[index].astype(np.float64)
    for layer, (weight, bias) in enumerate(zip(own.coefs[:-1], own.intercepts[:-1], strict=True)):
        bias[...] = 0
        z = pre_activations(network, member, rows.features, index, layer)
        # Scaled by powers of two, so that squares do not overflow.
        exponent = np.frexp(np.abs(z).max(axis=0))[1].clip(min=0)
        scaled = np.ldexp(z, -exponent)
        mean = np.average(scaled, axis=0, weights=weights)
        deviation = np.sqrt(np.average((scaled - mean) ** 2, axis=0, weights=weights))
        deviation = np.ldexp(deviation, exponent)
        deviation[deviation < _LEAST] = 1
        z /= deviation
        weight /= deviation
        levels = np.asarray(random_state.uniform(*LEVELS, size=z.shape[1]))
        bias[...] = -_quantiles(z, weights, levels)


def _quantiles(z: np.ndarray, weights: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Weighted quantile of each column, by the inverse of the empirical distribution function.

    Unlike the quantiles of :mod:`skdnn.tabular.numeric`, which training may not import, each
    column has its own level, and no mean of two values is taken: random levels are never at a
    step of the distribution function.
    """
    columns = np.ascontiguousarray(z.T)
    order = np.argsort(columns, axis=1)
    total = np.cumsum(weights[order], axis=1)
    places = (total < (levels * total[:, -1] * (1 - _LEAST))[:, None]).sum(axis=1)
    rows = np.arange(len(columns))
    return columns[rows, order[rows, places]]

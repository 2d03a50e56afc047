"""Weights of the members of an ensemble, from held-out rows.

Members that share held-out rows get the weights whose mean prediction has the least loss on these
rows (stacking: Wolpert 1992, "Stacked generalization"; non-negative and of sum 1: Breiman 1996,
"Stacked regressions"). Few rows tell members apart badly, and a weight of the best member alone
would be chosen too often: the weights have a Dirichlet prior around equal ones.

The loss becomes a log-likelihood: the log-loss and "normal" are one; others are taken as those of a
distribution with an unknown scale, whose log-likelihood is ``-n / 2 log(loss)``: they are 0 for
perfect predictions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize
from scipy.special import softmax

from skdnn.kernels.losses import LOSSES
from skdnn.network.network import Network
from skdnn.training.averages import mean_raw
from skdnn.training.data import Rows
from skdnn.training.engine import mean_loss, predict_parts
from skdnn.training.pooling import Pool
from skdnn.training.threads import Threads

#: Concentration of the Dirichlet prior, minus 1.
PRIOR = 1.0
#: Weights are multiples of it, relative to equal ones: more digits are noise.
STEP = 1e-3
#: Steps of the gradient, far above the rounding error of float32, and relative tolerance.
DIFFERENCE, TOLERANCE = 1e-2, 1e-6
_TINY = 1e-300


class Judges(NamedTuple):
    """Held-out rows, with the inputs of each of the members that share them."""

    members: list[int]
    rows: list[Rows]


def member_weights(
    network: Network, judges: Sequence[Judges], threads: Threads, pool: Pool
) -> np.ndarray | None:
    """Weights of the members.

    Parameters
    ----------
    network : Network
    judges : sequence of Judges
        Each member is in one of them at most; those that share no rows with others have the weight
        of an average member.
    threads : Threads
    pool : Pool

    Returns
    -------
    weights : (n_members,) array or None
        Positive, of sum 1. None is the same for all members.
    """
    weights = np.ones(network.n_members)
    for members, rows in judges:
        if len(members) > 1:
            weights[list(members)] = len(members) * _shares(network, members, rows, threads, pool)
    return None if (weights == 1).all() else weights / weights.sum()


def _shares(
    network: Network, members: Sequence[int], rows: Sequence[Rows], threads: Threads, pool: Pool
) -> np.ndarray:
    """Weights of members that share held-out rows: positive, of sum 1."""
    n = len(members)
    parts = [network.part(slice(member, member + 1)) for member in members]
    features = [[own.features] for own in rows]
    raw = np.concatenate(predict_parts(list(zip(parts, features, strict=True)), threads))
    cost = _Cost(network, raw, rows[0], pool)
    if not np.isfinite(cost(np.zeros(n))):
        return np.full(n, 1 / n)
    options = {"ftol": TOLERANCE}
    result = minimize(cost, np.zeros(n), method="L-BFGS-B", jac=cost.gradient, options=options)
    found = softmax(result.x)
    return np.maximum(np.round(n * found / STEP), 1) * STEP / n


class _Cost:
    """Negative logarithm of the posterior density of the weights ``softmax(logits)``.

    Parameters
    ----------
    network : Network
    raw : (n_members, n_rows, n_out) array
        Raw predictions of the held-out rows.
    rows : Rows
    pool : Pool
    """

    def __init__(self, network: Network, raw: np.ndarray, rows: Rows, pool: Pool) -> None:
        self.network, self.raw, self.rows, self.pool = network, raw, rows, pool
        loss = LOSSES[network.spec.loss]
        self.link = loss.link
        self.is_log_likelihood = loss.is_log_likelihood
        self.n_rows = pool.effective_rows(rows)

    def __call__(self, logits: np.ndarray) -> float:
        weights = softmax(logits)
        loss = self.pool.mean(mean_loss(self.network, self._mean(weights), self.rows), self.rows)
        if self.is_log_likelihood:
            likelihood = -self.n_rows * loss
        else:
            likelihood = -self.n_rows / 2 * np.log(max(loss, _TINY))
        return -likelihood - PRIOR * np.log(weights + _TINY).sum()

    def _mean(self, weights: np.ndarray) -> np.ndarray:
        return mean_raw(self.raw, self.link, weights, self.network.spec.column_sizes)

    def gradient(self, logits: np.ndarray) -> np.ndarray:
        """Central differences."""
        steps = DIFFERENCE * np.eye(logits.size)
        return np.array([self(logits + step) - self(logits - step) for step in steps]) / (
            2 * DIFFERENCE
        )

"""Calibrated probabilities (temperature scaling) and standard deviations.

The logits of each member are multiplied by a factor (the inverse of the temperature) that
minimizes the loss of its held-out rows. The factor is multiplied into the output layer. So are the
standard deviations of the loss "normal", by a factor for each target.

References
----------
Guo, Pleiss, Sun & Weinberger 2017, "On calibration of modern neural networks", arXiv 1706.04599.
NOTE[DIFF] The mean of several members is less confident than each of them: the mean of calibrated
members is underconfident (Rahaman & Thiery 2021, arXiv 2007.08792). In an ensemble each member
takes the square root of its factor, the best of the powers 0, 1/2 and 1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from scipy.optimize import minimize_scalar

from skdnn.kernels.losses import LOSSES
from skdnn.network.network import Network
from skdnn.training.data import Rows
from skdnn.training.engine import mean_loss, predict_parts
from skdnn.training.loop import Validator
from skdnn.training.pooling import Pool
from skdnn.training.threads import Threads

#: Bounds of the logarithm of the factor, and the standard deviation of its Gaussian prior: a few
#: held-out rows without an error are no reason for extreme probabilities.
LOG_FACTORS = np.log(0.25), np.log(4.0)
PRIOR_DEVIATION = 1.0


def calibrate(
    network: Network, validators: Sequence[Validator], threads: Threads, pool: Pool
) -> None:
    """Scale the output layers by the held-out rows of their validators, in place.

    Parameters
    ----------
    network : Network
        Its raw predictions are logits, or those of the loss "normal".
    validators : sequence of Validator
    threads : Threads
    pool : Pool
    """
    power = 1.0 if network.n_members == 1 else 0.5
    judged = [
        (network.part(slice(member, member + 1)), rows)
        for validator in validators
        for member, rows in zip(
            range(network.n_members)[validator.members], validator.rows, strict=True
        )
    ]
    predictions = predict_parts([(own, [rows.features]) for own, rows in judged], threads)
    scale = _widen if LOSSES[network.spec.loss].link == "normal" else _sharpen
    for (own, rows), (raw,) in zip(judged, predictions, strict=True):
        # Not scaled if the largest factor might overflow.
        is_in_range = bool(np.abs(raw).max() < np.finfo(raw.dtype).max / np.exp(LOG_FACTORS[1]))
        if pool.agree(is_in_range):
            scale(own, raw, rows, power, pool)


def _sharpen(network: Network, raw: np.ndarray, rows: Rows, power: float, pool: Pool) -> None:
    """Scale logits."""

    def scaled(log_factor: float) -> np.ndarray:
        return raw * raw.dtype.type(np.exp(log_factor))

    factor = np.exp(power * _log_factor(network, scaled, rows, pool))
    network.coefs[-1][...] *= factor
    network.intercepts[-1][...] *= factor


def _widen(network: Network, raw: np.ndarray, rows: Rows, power: float, pool: Pool) -> None:
    """Scale the standard deviations of each target, whose logarithms are raw predictions."""
    for j in range(1, network.spec.n_out, 2):

        def scaled(log_factor: float, j: int = j) -> np.ndarray:
            moved = raw.copy()
            moved[:, j] += raw.dtype.type(log_factor)
            return moved

        network.intercepts[-1][j] += power * _log_factor(network, scaled, rows, pool)


def _log_factor(
    network: Network, scaled: Callable[[float], np.ndarray], rows: Rows, pool: Pool
) -> float:
    """Logarithm of the factor with the least loss of the raw predictions that it scales."""
    n_rows = pool.count(rows.n_rows)

    def cost(log_factor: float) -> float:
        prior = 0.5 * (log_factor / PRIOR_DEVIATION) ** 2
        loss = mean_loss(network, scaled(log_factor), rows)
        return pool.mean(loss, rows) + prior / n_rows

    return float(minimize_scalar(cost, bounds=LOG_FACTORS, method="bounded").x)

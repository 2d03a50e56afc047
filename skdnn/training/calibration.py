"""Probabilities that are as sure as they are right.

A factor on the raw predictions of a member (its inverse is called temperature) fits them to rows
that the member was not trained on. It becomes part of the output layer.

References
----------
Guo, Pleiss, Sun & Weinberger 2017, "On calibration of modern neural networks", arXiv 1706.04599.
NOTE[DIFF] The mean of several members is less sure than each of them: of calibrated members it is
not sure enough (Rahaman & Thiery 2021, arXiv 2007.08792). Each of several takes the root of its
factor, which was best of the powers 0, 1/2 and 1.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.optimize import minimize_scalar

from skdnn.network.network import Network
from skdnn.training.data import Rows
from skdnn.training.engine import mean_loss, predict_raw
from skdnn.training.loop import Validator
from skdnn.training.threads import Threads

#: Where the logarithm of the factor is looked for, and the deviation that it has before anything
#: is known: ten rows without an error do not say that there are none.
LOG_FACTORS = np.log(0.25), np.log(4.0)
PRIOR_DEVIATION = 1.0


def calibrate(network: Network, validators: Sequence[Validator], threads: Threads) -> None:
    """Scale the output layers of classifiers by the held-out rows of their validators, in place.

    Parameters
    ----------
    network : Network
        Its loss is the log-loss or its like: raw predictions are logits.
    validators : sequence of Validator
    threads : Threads
    """
    power = 1.0 if network.n_members == 1 else 0.5
    for validator in validators:
        members = range(network.n_members)[validator.members]
        for member, rows in zip(members, validator.rows, strict=True):
            own = network.part(slice(member, member + 1))
            (raw,) = predict_raw(own, [rows.features], threads)
            # As it is, where the largest factor might overflow.
            if not np.abs(raw).max() < np.finfo(raw.dtype).max / np.exp(LOG_FACTORS[1]):
                continue
            factor = np.exp(power * _log_factor(own, raw, rows))
            own.coefs[-1][...] *= factor
            own.intercepts[-1][...] *= factor


def _log_factor(network: Network, raw: np.ndarray, rows: Rows) -> float:
    def cost(log_factor: float) -> float:
        scaled = raw * raw.dtype.type(np.exp(log_factor))
        prior = 0.5 * (log_factor / PRIOR_DEVIATION) ** 2
        return mean_loss(network, scaled, rows) + prior / rows.n_rows

    return float(minimize_scalar(cost, bounds=LOG_FACTORS, method="bounded").x)

"""Averages over the members, with the same bits for a single row and for a row of a batch.

NumPy's sums over the first axis use pairwise summation if the other axes have length 1, and add
sequentially otherwise. Here members are always added sequentially.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce

import numpy as np
from scipy.special import log_expit, log_softmax, softmax

from skdnn.kernels import losses

#: Least standard deviation of the loss "normal", in units of the scaled target.
LEAST_DEVIATION = losses.LEAST_DEVIATION


def mean_raw(
    raw: np.ndarray,
    link: str,
    weights: np.ndarray | None = None,
    column_sizes: Sequence[int] = (),
) -> np.ndarray:
    """Raw prediction whose link is the mean of the members' predictions.

    Parameters
    ----------
    raw : (n_members, n_samples, n_out) array
        Rows that are not finite give a result that is not finite, without a warning.
    link : str
    weights : (n_members,) array, optional
        Positive weights of the members, whose sum is 1; None is the same for all.
    column_sizes : sequence of int, optional
        Number of outputs of each softmax, for the link "softmax of columns".

    Returns
    -------
    raw : (n_samples, n_out) array
    """
    if len(raw) == 1:
        return raw[0]
    with np.errstate(all="ignore"):
        if link == "identity":
            return mean_of(raw, weights)
        # NumPy's elementary functions may round differently if the array is not contiguous.
        raw = np.ascontiguousarray(raw)
        if link == "normal":
            return _mean_normal(raw, weights)
        if link == "logistic":
            both = log_expit(np.stack([raw, -raw], axis=1))
            on, off = _log_sum_exp(both if weights is None else both + _logs(weights, both))
            return on - off
        if link == "softmax":
            # Differences of two raw predictions must not overflow.
            limit = np.finfo(raw.dtype).max / 4
            raw = log_softmax(np.clip(raw, -limit, limit), axis=-1)
        if link == "softmax of columns":
            limit = np.finfo(raw.dtype).max / 4
            raw = _by_column(log_softmax, np.clip(raw, -limit, limit), column_sizes)
        if weights is not None:
            return _log_sum_exp(raw + _logs(weights, raw))
        return _log_sum_exp(raw) - np.log(raw.dtype.type(len(raw)))


def softmax_of_columns(raw: np.ndarray, column_sizes: Sequence[int]) -> np.ndarray:
    """Probabilities (..., n_out) of the classes of each column of labels."""
    return _by_column(softmax, raw, column_sizes)


def _by_column(function: Callable, raw: np.ndarray, column_sizes: Sequence[int]) -> np.ndarray:
    parts = np.split(raw, np.cumsum(column_sizes)[:-1], axis=-1)
    # Contiguous: elementary functions may round differently otherwise.
    return np.concatenate(
        [function(np.ascontiguousarray(part), axis=-1) for part in parts], axis=-1
    )


def normal_deviation(raw: np.ndarray) -> np.ndarray:
    """Standard deviations of the loss "normal".

    Parameters
    ----------
    raw : (..., 2 * n_targets) array

    Returns
    -------
    deviation : (..., n_targets) array
        At least ``LEAST_DEVIATION``, and finite if ``raw`` is.
    """
    most = np.log(np.finfo(raw.dtype).max) - 1
    z = np.ascontiguousarray(raw[..., 1::2])
    return np.exp(np.minimum(z, most)) + raw.dtype.type(LEAST_DEVIATION)


def _mean_normal(raw: np.ndarray, weights: np.ndarray | None) -> np.ndarray:
    """Raw prediction with mean and standard deviation of the mixture of normal distributions.

    Lakshminarayanan, Pritzel & Blundell 2017, "Simple and scalable predictive uncertainty
    estimation using deep ensembles", arXiv 1612.01474: the variance is the mean of the variances
    and the variance of the means.
    """
    means = np.ascontiguousarray(raw[..., ::2])
    mean = mean_of(means, weights)
    parts = np.hypot(normal_deviation(raw), means - mean)
    # Divided by the largest, so that squares do not overflow.
    largest = reduce(np.maximum, parts)
    deviation = np.sqrt(mean_of((parts / largest) ** 2, weights)) * largest
    # The least deviation has no finite z.
    above = np.maximum(deviation - raw.dtype.type(LEAST_DEVIATION), np.finfo(raw.dtype).tiny)
    return np.stack([mean, np.log(above)], axis=-1).reshape(raw.shape[1:])


def mean_of(members: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Mean over the first axis, finite if the members are.

    Parameters
    ----------
    members : (n_members, ...) float array
    weights : (n_members,) array, optional
        As in ``mean_raw``.
    """
    if weights is not None:
        return reduce(np.add, members * _along(weights, members))
    # Scaling by a power of two is exact, and the sum of the scaled values does not overflow.
    part = 2.0 ** -(len(members) - 1).bit_length()
    return reduce(np.add, members * part) / (len(members) * part)


def deviation_of(members: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Standard deviation (ddof 0) over the first axis, finite if the members are.

    Parameters
    ----------
    members : (n_members, ...) float array
    weights : (n_members,) array, optional
        As in ``mean_raw``.
    """
    # Scaled by powers of two, so that squares neither overflow nor underflow.
    with np.errstate(all="ignore"):
        exponent = np.frexp(reduce(np.maximum, np.abs(members)))[1]
        scaled = np.ldexp(members, -exponent)
        deviation = np.sqrt(mean_of((scaled - mean_of(scaled, weights)) ** 2, weights))
        return np.ldexp(deviation, exponent)


def _along(weights: np.ndarray, members: np.ndarray) -> np.ndarray:
    """Weights of the members in the dtype of an array, along its first axis."""
    return weights.astype(members.dtype).reshape(-1, *[1] * (members.ndim - 1))


def _logs(weights: np.ndarray, members: np.ndarray) -> np.ndarray:
    return _along(np.log(weights), members)


def _log_sum_exp(values: np.ndarray) -> np.ndarray:
    """Logarithm of the sum of exponentials over the first axis.

    As in SciPy's ``logsumexp``, the largest terms are summed separately: the result stays accurate
    if the others are small.
    """
    largest = values.max(axis=0)
    is_largest = values == largest
    n_largest = is_largest.sum(axis=0, dtype=values.dtype)
    others = np.exp(values - largest)
    others[is_largest] = 0
    return np.log1p(reduce(np.add, others) / n_largest) + np.log(n_largest) + largest

"""Metrics of normal distributions."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import erf

from skdnn.metrics._checks import check_finite, mean_over_rows


def crps_normal(
    y_true: ArrayLike,
    mean: ArrayLike,
    std: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
) -> float:
    """Continuous ranked probability score of normal distributions.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Targets.
    mean, std : array-like of the shape of ``y_true``
        As ``predict(X, return_std=True)`` of a regressor with ``loss="normal"`` returns them. The
        standard deviations are above 0.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows in the mean; None is the same for all.

    Returns
    -------
    score : float
        In units of ``y_true``, at least 0; lower is better. Mean over rows and outputs.

    Raises
    ------
    ValueError
        If the shapes differ, if a value is NaN or infinite, or a standard deviation is not above 0.

    References
    ----------
    Gneiting & Raftery 2007, "Strictly proper scoring rules, prediction, and estimation", Journal of
    the American Statistical Association 102, section 4.2.

    Examples
    --------
    >>> from skdnn.metrics import crps_normal
    >>> round(crps_normal([0.0, 2.0], [0.0, 1.0], [1.0, 1.0]), 4)
    0.4181
    """
    z, std = _standardized(y_true, mean, std)
    density = np.exp(-0.5 * z**2) / np.sqrt(2 * np.pi)
    scores = std * (z * erf(z / np.sqrt(2)) + 2 * density - 1 / np.sqrt(np.pi))
    return float(mean_over_rows(scores, sample_weight).mean())


def log_likelihood_normal(
    y_true: ArrayLike,
    mean: ArrayLike,
    std: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
) -> float:
    """Mean logarithm of the density of normal distributions at the targets.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Targets.
    mean, std : array-like of the shape of ``y_true``
        As for :func:`crps_normal`.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows in the mean; None is the same for all.

    Returns
    -------
    score : float
        Higher is better. Mean over rows and outputs. A target in a unit that is 10 times as small
        has a log-likelihood that is smaller by log(10).

    Raises
    ------
    ValueError
        As :func:`crps_normal`.

    References
    ----------
    Gneiting & Raftery 2007, as for :func:`crps_normal`, section 4.1: the logarithmic score.

    Examples
    --------
    >>> from skdnn.metrics import log_likelihood_normal
    >>> round(log_likelihood_normal([0.0, 2.0], [0.0, 1.0], [1.0, 1.0]), 4)
    -1.1689
    """
    z, std = _standardized(y_true, mean, std)
    scores = -0.5 * z**2 - np.log(std) - 0.5 * np.log(2 * np.pi)
    return float(mean_over_rows(scores, sample_weight).mean())


def _standardized(y_true: Any, mean: Any, std: Any) -> tuple[np.ndarray, np.ndarray]:
    """Errors in units of the standard deviation, and the standard deviations."""
    y, mean, std = (np.asarray(each, dtype=np.float64) for each in (y_true, mean, std))
    if y.ndim == 2 and y.shape[1] == 1 and mean.ndim == 1:
        y = y[:, 0]
    for name, values in (("y_true", y), ("mean", mean), ("std", std)):
        if values.shape != y.shape:
            raise ValueError(
                f"{name} must have the shape of y_true, {y.shape}. Got an array of shape "
                f"{values.shape}."
            )
        check_finite(values, name)
    if not (std > 0).all():
        raise ValueError(f"std must be above 0, but contains {std.min():g}.")
    with np.errstate(over="ignore"):
        return (y - mean) / std, std

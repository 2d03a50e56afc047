"""Metrics of quantiles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from skdnn.metrics._checks import mean_over_rows, with_last_axis


def pinball_loss(
    y_true: ArrayLike,
    quantiles: ArrayLike,
    levels: Sequence[float],
    *,
    sample_weight: ArrayLike | None = None,
) -> float:
    """Mean pinball loss over rows, outputs and levels.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Targets.
    quantiles : array-like of shape (n_samples, n_levels) or (n_samples, n_outputs, n_levels)
        As ``predict_quantiles`` returns them.
    levels : sequence of float
        Levels of the quantiles in (0, 1).
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows in the mean; None is the same for all.

    Returns
    -------
    loss : float
        In units of ``y_true``, at least 0; lower is better.

    Raises
    ------
    ValueError
        If the shapes do not fit, or a target, weight or quantile is NaN.

    See Also
    --------
    sklearn.metrics.mean_pinball_loss : The same for a single level.

    References
    ----------
    Koenker & Bassett 1978, "Regression quantiles".

    Examples
    --------
    >>> from skdnn.metrics import pinball_loss
    >>> pinball_loss([1.0, 2.0], [[0.0, 2.0], [1.0, 4.0]], levels=[0.25, 0.75])
    0.3125
    """
    losses = _pinball(y_true, quantiles, levels)
    return float(mean_over_rows(losses, sample_weight).mean())


def crps(
    y_true: ArrayLike,
    quantiles: ArrayLike,
    levels: Sequence[float],
    *,
    sample_weight: ArrayLike | None = None,
) -> float:
    """Compute the continuous ranked probability score, approximated by quantiles.

    It is twice the integral of the pinball loss over all levels from 0 to 1. Each given level
    stands for those that are closer to it than to the others: the approximation is good with evenly
    spread levels, such as 0.05, 0.15, ..., 0.95. Of a distribution that is a single number it is
    the absolute error.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Targets.
    quantiles : array-like of shape (n_samples, n_levels) or (n_samples, n_outputs, n_levels)
        As ``predict_quantiles`` returns them.
    levels : sequence of float
        Levels of the quantiles in (0, 1), increasing.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows in the mean; None is the same for all.

    Returns
    -------
    score : float
        In units of ``y_true``, at least 0; lower is better. Mean over rows and outputs.

    Raises
    ------
    ValueError
        If the shapes do not fit, or a target, weight or quantile is NaN.

    References
    ----------
    Gneiting & Raftery 2007, "Strictly proper scoring rules, prediction, and estimation", Journal of
    the American Statistical Association 102.

    Examples
    --------
    >>> from skdnn.metrics import crps
    >>> crps([1.0, 2.0], [[3.0, 3.0], [2.0, 2.0]], levels=[0.25, 0.75])
    1.0
    """
    losses = _pinball(y_true, quantiles, levels)
    given = np.asarray(levels, dtype=np.float64)
    limits = np.concatenate([[0.0], (given[1:] + given[:-1]) / 2, [1.0]])
    return float(2 * (mean_over_rows(losses, sample_weight) @ np.diff(limits)).mean())


def quantile_reliability(
    y_true: ArrayLike, quantiles: ArrayLike, *, sample_weight: ArrayLike | None = None
) -> np.ndarray:
    """Share of the targets that are at most as large as each quantile.

    It is close to the levels if the quantiles are reliable: draw it against them.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Targets.
    quantiles : array-like of shape (n_samples, n_levels) or (n_samples, n_outputs, n_levels)
        As ``predict_quantiles`` returns them.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows in the mean; None is the same for all.

    Returns
    -------
    shares : array of shape (n_levels,) or (n_outputs, n_levels)
        Between 0 and 1.

    Raises
    ------
    ValueError
        If the shapes do not fit, or a target, weight or quantile is NaN.

    References
    ----------
    Gneiting, Balabdaoui & Raftery 2007, "Probabilistic forecasts, calibration and sharpness",
    Journal of the Royal Statistical Society B 69.

    Examples
    --------
    >>> from skdnn.metrics import quantile_reliability
    >>> quantile_reliability([1.0, 2.0], [[0.0, 2.0], [1.0, 4.0]]).tolist()
    [0.0, 1.0]
    """
    y, quantiles = with_last_axis(y_true, quantiles, "quantiles")
    return mean_over_rows(y <= quantiles, sample_weight)


def _pinball(y_true: Any, quantiles: Any, levels: Sequence[float]) -> np.ndarray:
    """Losses in the shape of the quantiles."""
    y, quantiles = with_last_axis(y_true, quantiles, "quantiles")
    given = np.asarray(levels, dtype=np.float64)
    if given.shape != quantiles.shape[-1:]:
        raise ValueError(
            f"levels must be a number for each of the {quantiles.shape[-1]} quantiles. Got "
            f"{levels!r}."
        )
    if not ((given > 0) & (given < 1)).all() or (np.diff(given) <= 0).any():
        raise ValueError(f"levels must increase and be above 0 and below 1. Got {levels!r}.")
    errors = y - quantiles
    return np.maximum(given * errors, (given - 1) * errors)

"""Metrics of quantiles, normal distributions, intervals and sets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import erf
from sklearn.utils.validation import check_consistent_length

from skdnn.estimators._targets import check_weights

# ------------------------------------------------------------------------------------------------
# Quantiles
# ------------------------------------------------------------------------------------------------


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
    return float(_mean_over_rows(losses, sample_weight).mean())


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
    return float(2 * (_mean_over_rows(losses, sample_weight) @ np.diff(limits)).mean())


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
    y, quantiles = _with_last_axis(y_true, quantiles, "quantiles")
    return _mean_over_rows(y <= quantiles, sample_weight)


def _pinball(y_true: Any, quantiles: Any, levels: Sequence[float]) -> np.ndarray:
    """Losses in the shape of the quantiles."""
    y, quantiles = _with_last_axis(y_true, quantiles, "quantiles")
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


# ------------------------------------------------------------------------------------------------
# Normal distributions
# ------------------------------------------------------------------------------------------------


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
    return float(_mean_over_rows(scores, sample_weight).mean())


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
    return float(_mean_over_rows(scores, sample_weight).mean())


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
        _check_finite(values, name)
    if not (std > 0).all():
        raise ValueError(f"std must be above 0, but contains {std.min():g}.")
    with np.errstate(over="ignore"):
        return (y - mean) / std, std


# ------------------------------------------------------------------------------------------------
# Intervals and sets
# ------------------------------------------------------------------------------------------------


def interval_coverage(
    y_true: ArrayLike, interval: ArrayLike, *, sample_weight: ArrayLike | None = None
) -> float:
    """Share of the targets that are inside of their interval.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Targets.
    interval : array-like of shape (n_samples, 2) or (n_samples, n_outputs, 2)
        As ``predict_interval`` returns it.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows in the mean; None is the same for all.

    Returns
    -------
    coverage : float
        Mean over rows and outputs.

    Raises
    ------
    ValueError
        If the shapes do not fit, or a target, weight or end is NaN.

    References
    ----------
    Romano, Patterson & Candès 2019, "Conformalized quantile regression", arXiv 1905.03222.

    Examples
    --------
    >>> from skdnn.metrics import interval_coverage
    >>> interval_coverage([1.0, 2.0], [[0.0, 2.0], [3.0, 4.0]])
    0.5
    """
    y, ends = _with_last_axis(y_true, _ends(interval), "interval")
    inside = (ends[..., :1] <= y) & (y <= ends[..., 1:])
    return float(_mean_over_rows(inside, sample_weight).mean())


def interval_width(interval: ArrayLike, *, sample_weight: ArrayLike | None = None) -> float:
    """Mean width of intervals, over rows and outputs.

    Parameters
    ----------
    interval : array-like of shape (n_samples, 2) or (n_samples, n_outputs, 2)
        As ``predict_interval`` returns it.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows in the mean; None is the same for all.

    Returns
    -------
    width : float
        In units of the target.

    Raises
    ------
    ValueError
        If the shapes do not fit, or a weight or end is NaN.

    Examples
    --------
    >>> from skdnn.metrics import interval_width
    >>> interval_width([[0.0, 2.0], [3.0, 4.0]])
    1.5
    """
    ends = _ends(interval)
    return float(_mean_over_rows(ends[..., 1] - ends[..., 0], sample_weight).mean())


def set_coverage(
    y_true: ArrayLike,
    sets: ArrayLike,
    classes: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
) -> float:
    """Share of the rows whose set has the right class.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        Labels.
    sets : bool array-like of shape (n_samples, n_classes)
        As ``predict_set`` returns them.
    classes : array-like of shape (n_classes,)
        ``classes_`` of the estimator.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows in the mean; None is the same for all.

    Returns
    -------
    coverage : float
        Between 0 and 1.

    Raises
    ------
    ValueError
        If the shapes do not fit, or a value of ``sets`` is neither True nor False.

    References
    ----------
    Romano, Sesia & Candès 2020, "Classification with valid and adaptive coverage", arXiv
    2006.02544.

    Examples
    --------
    >>> from skdnn.metrics import set_coverage
    >>> set_coverage(["a", "b"], [[True, True], [True, False]], classes=["a", "b"])
    0.5
    """
    y, found, classes = np.asarray(y_true), _members(sets), np.asarray(classes)
    check_consistent_length(y, found)
    if found.shape[1:] != classes.shape:
        raise ValueError(
            f"sets must have a column for each of the {classes.size} classes. Got an array of "
            f"shape {found.shape}."
        )
    is_right = y[:, None] == classes
    return float(_mean_over_rows((found & is_right).any(axis=1), sample_weight))


def set_size(sets: ArrayLike, *, sample_weight: ArrayLike | None = None) -> float:
    """Mean number of classes in a set.

    Parameters
    ----------
    sets : bool array-like of shape (n_samples, n_classes)
        As ``predict_set`` returns them.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows in the mean; None is the same for all.

    Returns
    -------
    size : float
        Between 0 and ``n_classes``.

    Raises
    ------
    ValueError
        If the shapes do not fit, or a value of ``sets`` is neither True nor False.

    Examples
    --------
    >>> from skdnn.metrics import set_size
    >>> set_size([[True, True], [True, False]])
    1.5
    """
    return float(_mean_over_rows(_members(sets).sum(axis=1), sample_weight))


def _ends(interval: Any) -> np.ndarray:
    """Lower and upper ends, which may be infinite, in the last axis."""
    ends = np.asarray(interval, dtype=np.float64)
    if ends.ndim not in (2, 3) or ends.shape[-1] != 2:
        raise ValueError(
            f"interval must have the shape (n_samples, 2) or (n_samples, n_outputs, 2). Got an "
            f"array of shape {ends.shape}."
        )
    _refuse_nan(ends, "interval")
    if (ends[..., 0] > ends[..., 1]).any():
        raise ValueError("interval must have lower ends that are not above the upper ones.")
    return ends


def _members(sets: Any) -> np.ndarray:
    """Which classes are in which set."""
    found = np.asarray(sets)
    if found.ndim != 2:
        raise ValueError(
            f"sets must have the shape (n_samples, n_classes). Got an array of shape {found.shape}."
        )
    if not np.isin(found, (False, True)).all():
        raise ValueError("sets must be True or False, but contains other values.")
    return found.astype(bool)


def _with_last_axis(y_true: Any, values: Any, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Targets with an axis of length 1 at the end, and values with a longer one."""
    y, values = np.asarray(y_true, dtype=np.float64), np.asarray(values, dtype=np.float64)
    _check_finite(y, "y_true")
    _refuse_nan(values, name)
    if y.ndim == 2 and y.shape[1] == 1 and values.ndim == 2:
        y = y[:, 0]
    if values.ndim != y.ndim + 1 or values.shape[:-1] != y.shape:
        raise ValueError(
            f"{name} must have the shape of y_true, {y.shape}, and one axis more. Got an array of "
            f"shape {values.shape}."
        )
    return y[..., None], values


def _check_finite(values: np.ndarray, name: str) -> None:
    if not np.isfinite(values).all():
        raise ValueError(f"{name} must be finite, but contains NaN or infinity.")


def _refuse_nan(values: np.ndarray, name: str) -> None:
    """Infinite ends and quantiles are without bound, and valid."""
    if np.isnan(values).any():
        raise ValueError(f"{name} contains NaN.")


def _mean_over_rows(values: np.ndarray, sample_weight: Any) -> np.ndarray:
    return np.average(values, axis=0, weights=check_weights(sample_weight, values))

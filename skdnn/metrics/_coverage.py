"""Metrics of intervals of numbers and of sets of classes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils.validation import check_consistent_length

from skdnn.metrics._checks import mean_over_rows, refuse_nan, with_last_axis


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
    y, ends = with_last_axis(y_true, _ends(interval), "interval")
    inside = (ends[..., :1] <= y) & (y <= ends[..., 1:])
    return float(mean_over_rows(inside, sample_weight).mean())


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
    return float(mean_over_rows(ends[..., 1] - ends[..., 0], sample_weight).mean())


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
    return float(mean_over_rows((found & is_right).any(axis=1), sample_weight))


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
    return float(mean_over_rows(_members(sets).sum(axis=1), sample_weight))


def _ends(interval: Any) -> np.ndarray:
    """Lower and upper ends, which may be infinite, in the last axis."""
    ends = np.asarray(interval, dtype=np.float64)
    if ends.ndim not in (2, 3) or ends.shape[-1] != 2:
        raise ValueError(
            f"interval must have the shape (n_samples, 2) or (n_samples, n_outputs, 2). Got an "
            f"array of shape {ends.shape}."
        )
    refuse_nan(ends, "interval")
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

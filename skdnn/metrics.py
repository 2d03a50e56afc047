"""Metrics of quantiles, intervals and sets, and scorers of them.

A scorer is called with ``(estimator, X, y, sample_weight=None)``, greater is better, and can be
the ``scoring`` of scikit-learn's searches and cross-validation. The estimator may be a ``Pipeline``
that ends with a DNN estimator, or a search over one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_consistent_length

from skdnn._typing import MatrixLike

__all__ = [
    "coverage_scorer",
    "crps",
    "crps_scorer",
    "interval_coverage",
    "interval_width",
    "pinball_loss",
    "pinball_scorer",
    "quantile_reliability",
    "set_coverage",
    "set_size",
    "width_scorer",
]


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

    References
    ----------
    Romano, Patterson & Candès 2019, "Conformalized quantile regression", arXiv 1905.03222.

    Examples
    --------
    >>> from skdnn.metrics import interval_coverage
    >>> interval_coverage([1.0, 2.0], [[0.0, 2.0], [3.0, 4.0]])
    0.5
    """
    y, ends = _with_last_axis(y_true, interval, "interval")
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

    Examples
    --------
    >>> from skdnn.metrics import interval_width
    >>> interval_width([[0.0, 2.0], [3.0, 4.0]])
    1.5
    """
    ends = np.asarray(interval, dtype=np.float64)
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
    y, sets, classes = np.asarray(y_true), np.asarray(sets, dtype=bool), np.asarray(classes)
    check_consistent_length(y, sets)
    is_right = y[:, None] == classes
    return float(_mean_over_rows((sets & is_right).any(axis=1), sample_weight))


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

    Examples
    --------
    >>> from skdnn.metrics import set_size
    >>> set_size([[True, True], [True, False]])
    1.5
    """
    return float(_mean_over_rows(np.asarray(sets, dtype=bool).sum(axis=1), sample_weight))


def _with_last_axis(y_true: Any, values: Any, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Targets with an axis of length 1 at the end, and values with a longer one."""
    y, values = np.asarray(y_true, dtype=np.float64), np.asarray(values, dtype=np.float64)
    if y.ndim == 2 and y.shape[1] == 1 and values.ndim == 2:
        y = y[:, 0]
    if values.ndim != y.ndim + 1 or values.shape[:-1] != y.shape:
        raise ValueError(
            f"{name} must have the shape of y_true, {y.shape}, and one axis more. Got an array of "
            f"shape {values.shape}."
        )
    return y[..., None], values


def _mean_over_rows(values: np.ndarray, sample_weight: Any) -> np.ndarray:
    weights = None if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
    return np.average(values, axis=0, weights=weights)


# ------------------------------------------------------------------------------------------------
# Scorers
# ------------------------------------------------------------------------------------------------


def pinball_scorer(
    estimator: Any, X: MatrixLike, y: ArrayLike, sample_weight: ArrayLike | None = None
) -> float:
    """Negative :func:`pinball_loss` of all quantiles of a regressor.

    Parameters
    ----------
    estimator : DNNRegressor, Pipeline or search
        Fitted with ``loss=Quantile(...)``.
    X : {data frame, array-like, sparse matrix} of shape (n_samples, n_features)
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Targets.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows in the mean; None is the same for all.

    Returns
    -------
    score : float
        At most 0.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.model_selection import cross_val_score
    >>> from skdnn import DNNRegressor, Quantile
    >>> from skdnn.metrics import pinball_scorer
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = DNNRegressor((8,), loss=Quantile([0.1, 0.5, 0.9]), max_iter=5, random_state=0)
    >>> bool((cross_val_score(model, X, y, scoring=pinball_scorer, cv=2) < 0).all())
    True
    """
    model, X = _last_step(estimator, X)
    levels = model._task.levels
    return -pinball_loss(y, model.predict_quantiles(X), levels, sample_weight=sample_weight)


def crps_scorer(
    estimator: Any, X: MatrixLike, y: ArrayLike, sample_weight: ArrayLike | None = None
) -> float:
    """Negative :func:`crps` of the quantiles of a regressor.

    Parameters
    ----------
    estimator : DNNRegressor, Pipeline or search
        Fitted with ``loss=Quantile(...)``.
    X : {data frame, array-like, sparse matrix} of shape (n_samples, n_features)
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Targets.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows in the mean; None is the same for all.

    Returns
    -------
    score : float
        At most 0.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from skdnn import DNNRegressor, Quantile
    >>> from skdnn.metrics import crps_scorer
    >>> X, y = load_diabetes(return_X_y=True)
    >>> levels = [0.1, 0.3, 0.5, 0.7, 0.9]
    >>> model = DNNRegressor((8,), loss=Quantile(levels), max_iter=5, random_state=0).fit(X, y)
    >>> bool(-100 < crps_scorer(model, X, y) < 0)
    True
    """
    model, X = _last_step(estimator, X)
    return -crps(y, model.predict_quantiles(X), model._task.levels, sample_weight=sample_weight)


def coverage_scorer(
    estimator: Any,
    X: MatrixLike,
    y: ArrayLike,
    sample_weight: ArrayLike | None = None,
    *,
    coverage: float = 0.9,
) -> float:
    """Share of the targets inside of their interval, or of the classes in their set.

    Parameters
    ----------
    estimator : DNNRegressor, DNNClassifier, Pipeline or search
        Fitted.
    X : {data frame, array-like, sparse matrix} of shape (n_samples, n_features)
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Targets, or labels.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows in the mean; None is the same for all.
    coverage : float, default=0.9
        The coverage that is asked for; ``functools.partial(coverage_scorer, coverage=0.8)`` is a
        scorer with another one.

    Returns
    -------
    share : float
        Between 0 and 1.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skdnn import DNNClassifier
    >>> from skdnn.metrics import coverage_scorer
    >>> X, y = load_iris(return_X_y=True)
    >>> model = DNNClassifier(max_iter=10, random_state=0).fit(X, y)
    >>> bool(coverage_scorer(model, X, y) > 0.8)
    True
    """
    model, X = _last_step(estimator, X)
    if hasattr(model, "predict_set"):
        sets = model.predict_set(X, coverage)
        return set_coverage(y, sets, model.classes_, sample_weight=sample_weight)
    return interval_coverage(y, model.predict_interval(X, coverage), sample_weight=sample_weight)


def width_scorer(
    estimator: Any,
    X: MatrixLike,
    y: ArrayLike | None = None,
    sample_weight: ArrayLike | None = None,
    *,
    coverage: float = 0.9,
) -> float:
    """Negative mean width of the intervals, or negative mean size of the sets.

    Parameters
    ----------
    estimator : DNNRegressor, DNNClassifier, Pipeline or search
        Fitted.
    X : {data frame, array-like, sparse matrix} of shape (n_samples, n_features)
    y : object, default=None
        Not used.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows in the mean; None is the same for all.
    coverage : float, default=0.9
        The coverage that is asked for.

    Returns
    -------
    score : float
        At most 0. Compare models whose coverage is the same.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skdnn import DNNClassifier
    >>> from skdnn.metrics import width_scorer
    >>> X, y = load_iris(return_X_y=True)
    >>> model = DNNClassifier(max_iter=10, random_state=0).fit(X, y)
    >>> bool(-3 <= width_scorer(model, X) <= -1)
    True
    """
    model, X = _last_step(estimator, X)
    if hasattr(model, "predict_set"):
        return -set_size(model.predict_set(X, coverage), sample_weight=sample_weight)
    return -interval_width(model.predict_interval(X, coverage), sample_weight=sample_weight)


def _last_step(estimator: Any, X: Any) -> tuple[Any, Any]:
    """The estimator in a Pipeline or a search, and X as it gets it."""
    if hasattr(estimator, "best_estimator_"):
        return _last_step(estimator.best_estimator_, X)
    if isinstance(estimator, Pipeline):
        return _last_step(estimator[-1], estimator[:-1].transform(X))
    return estimator, X

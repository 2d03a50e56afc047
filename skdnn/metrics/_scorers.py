"""Scorers of the metrics."""

from __future__ import annotations

from typing import Any

from numpy.typing import ArrayLike
from sklearn.pipeline import Pipeline

from skdnn._typing import MatrixLike
from skdnn.metrics._coverage import interval_coverage, interval_width, set_coverage, set_size
from skdnn.metrics._normal import crps_normal, log_likelihood_normal
from skdnn.metrics._quantiles import crps, pinball_loss


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
    """Negative :func:`crps` of the quantiles of a regressor, or :func:`crps_normal`.

    Parameters
    ----------
    estimator : DNNRegressor, Pipeline or search
        Fitted with ``loss=Quantile(...)`` or ``loss="normal"``.
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
    if model._task.has_deviation:
        return -crps_normal(y, *model.predict(X, return_std=True), sample_weight=sample_weight)
    return -crps(y, model.predict_quantiles(X), model._task.levels, sample_weight=sample_weight)


def log_likelihood_scorer(
    estimator: Any, X: MatrixLike, y: ArrayLike, sample_weight: ArrayLike | None = None
) -> float:
    """:func:`log_likelihood_normal` of a regressor.

    Parameters
    ----------
    estimator : DNNRegressor, Pipeline or search
        Fitted with ``loss="normal"``.
    X : {data frame, array-like, sparse matrix} of shape (n_samples, n_features)
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Targets.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows in the mean; None is the same for all.

    Returns
    -------
    score : float
        Higher is better.

    Raises
    ------
    ValueError
        With another loss, whose ``return_std`` is not that of the target.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from skdnn import DNNRegressor
    >>> from skdnn.metrics import log_likelihood_scorer
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = DNNRegressor((8,), loss="normal", max_iter=10, random_state=0).fit(X, y)
    >>> bool(-6 < log_likelihood_scorer(model, X, y) < -5)
    True
    """
    model, X = _last_step(estimator, X)
    if not model._task.has_deviation:
        raise ValueError(
            f"log_likelihood_scorer needs a regressor with loss='normal', not {model._task.loss!r}."
        )
    mean, std = model.predict(X, return_std=True)
    return log_likelihood_normal(y, mean, std, sample_weight=sample_weight)


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

"""A fit of several workers, each with rows of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from skdnn.distributed._group import Group
from skdnn.distributed._summary import Summary


def fit_shard(
    estimator: Any,
    X: Any,
    y: np.ndarray,
    sample_weight: np.ndarray | None = None,
    *,
    summary: Summary,
    group: Group,
    X_val: Any = None,
    y_val: np.ndarray | None = None,
    sample_weight_val: np.ndarray | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Any:
    """Fit an estimator with the rows of all workers of a group; each calls this with its own.

    Parameters
    ----------
    estimator : DNNClassifier or DNNRegressor
        The same for each worker. It is not changed.
    X : data frame or array of shape (n_rows, n_columns)
        The rows of this worker: at least 10 of positive weight.
    y : (n_rows,) or (n_rows, n_targets) array
    sample_weight : (n_rows,) array, optional
        All workers have weights, or none.
    summary : Summary
        The same for each worker.
    group : Group
        It is closed if there is an error, so that the others do not wait. Otherwise the caller
        closes it.
    X_val, y_val, sample_weight_val : optional
        Validation rows of this worker. All workers have some, or none.
    should_stop : callable, optional
        Asked after each epoch: if it returns True for any worker, all stop, with the best epoch so
        far.

    Returns
    -------
    estimator : DNNClassifier or DNNRegressor
        A fitted copy, which predicts the same for each worker. With a single worker it is that of
        ``fit(X, y, sample_weight)`` to the bit.

    Raises
    ------
    WorkerLostError
        If a worker is lost, or has raised another error.
    ValueError, TypeError
        As ``fit``, if the rows of this worker or the parameters are not valid; in the latter case
        for each worker.
    """
    raise NotImplementedError

"""Rows to validate with, and the score of them after every epoch."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from inspect import signature
from math import ceil
from typing import Any

import numpy as np
from sklearn.utils import _safe_indexing

from skdnn.estimators._sklearn import InvalidParameterError
from skdnn.estimators._tables import is_table
from skdnn.network.network import Network
from skdnn.training.data import Rows
from skdnn.training.engine import mean_loss

# scikit-learn's model selection and metrics are imported where they are used: they take a tenth of
# the time to import the package, and few fits need them.


def split_indices(
    estimator: Any,
    X: Any,
    labels: np.ndarray,
    strata: np.ndarray | None,
    groups: np.ndarray | None,
    seed: int,
    n_splits: int,
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Rows to train on and rows to hold out, by ``validation_fraction``, several times.

    Parameters
    ----------
    estimator : BaseDNN
    X : (n_samples, n_features) array, dense or sparse
        For a splitter, as the labels.
    labels : (n_samples,) or (n_samples, n_outputs) array
        Targets.
    strata : (n_samples,) array or None
        What to stratify a fraction by.
    groups : (n_samples,) array or None
    seed : int
    n_splits : int
        The last ones of a splitter, begun with the last, and over again if it has fewer.

    Raises
    ------
    ValueError
        If one part would be too small.
    """
    fraction = estimator.validation_fraction
    if not hasattr(fraction, "split"):
        seeds = [(seed + i) % 2**32 for i in range(n_splits)]
        by_default = estimator.early_stopping == "auto" and groups is None
        if by_default and strata is not None and _has_rare(strata):
            return [_draw_split_of_frequent(fraction, labels, strata, each) for each in seeds]
        return [_draw_split(fraction, labels, strata, groups, each) for each in seeds]
    splits = list(fraction.split(X, labels, groups))
    if not splits:
        raise ValueError(f"validation_fraction={fraction!r} makes no split.")
    chosen, known = [], np.arange(labels.shape[0])
    for i in range(min(n_splits, len(splits))):
        # Negative indices and masks become plain indices: the kernels trust them.
        train_index, held_out_index = (known[np.asarray(index)] for index in splits[-1 - i])
        if not train_index.size or not held_out_index.size:
            raise ValueError(
                f"Split {len(splits) - i} of validation_fraction={fraction!r} leaves "
                f"{train_index.size} rows to train on and {held_out_index.size} to validate with."
            )
        chosen.append((train_index, held_out_index))
    return [chosen[i % len(chosen)] for i in range(n_splits)]


def _has_rare(strata: np.ndarray) -> bool:
    """Whether not every class can be on both sides."""
    counts = np.unique(strata, return_counts=True)[1]
    return bool(counts.min() < 2 or strata.size < 2 * counts.size)


def _draw_split_of_frequent(
    fraction: float, labels: np.ndarray, strata: np.ndarray, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """A draw that leaves classes of a single row to the training; it is not stratified."""
    codes, counts = np.unique(strata, return_inverse=True, return_counts=True)[1:]
    frequent = np.flatnonzero(counts[codes] > 1)
    train, held_out = _draw_split(fraction, labels[frequent], None, None, seed)
    alone = np.flatnonzero(counts[codes] < 2)
    return np.concatenate([frequent[train], alone]), frequent[held_out]


def _draw_split(
    fraction: float,
    labels: np.ndarray,
    strata: np.ndarray | None,
    groups: np.ndarray | None,
    seed: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Rows to train on and a fraction of rows to hold out."""
    from sklearn.model_selection import GroupShuffleSplit, train_test_split

    n_rows = labels.shape[0]
    if groups is not None:
        try:
            splitter = GroupShuffleSplit(1, test_size=fraction, random_state=seed)
            return next(splitter.split(labels, labels, groups))
        except ValueError as error:
            raise ValueError(
                f"validation_fraction={fraction!r} of the {np.unique(groups).size} different "
                f"values in groups: {error}"
            ) from None
    n_held_out = ceil(fraction * n_rows)
    n_least = 2 if strata is None else max(2, np.unique(strata).size)
    if 0 < n_held_out < n_least and n_rows >= 2 * n_least:
        n_held_out = n_least
    if n_held_out < 2 or n_held_out >= n_rows:
        size = "small" if n_held_out < 2 else "large"
        change = "Increase" if n_held_out < 2 else "Decrease"
        raise ValueError(
            f"The validation set is too {size}. {change} 'validation_fraction' or the size of "
            f"your dataset: {fraction!r} of n_samples = {n_rows} is {n_held_out}."
        )
    try:
        train_index, held_out_index = train_test_split(
            np.arange(n_rows), test_size=n_held_out, random_state=seed, stratify=strata
        )
    except ValueError as error:
        found, counts = np.unique(labels, return_counts=True)
        raise ValueError(
            f"{error} Of each class there must be rows to train on and rows to hold out for early "
            f"stopping; the label {found[counts.argmin()]!r} has {counts.min()}."
        ) from None
    return train_index, held_out_index


def check_scoring_name(estimator: Any) -> None:
    """Raise if ``scoring`` is the name of nothing, whether it is used or not."""
    if estimator.scoring in (None, "loss", estimator._default_scoring) or callable(
        estimator.scoring
    ):
        return
    from sklearn.metrics import get_scorer_names

    if estimator.scoring not in get_scorer_names():
        raise InvalidParameterError(
            "The 'scoring' parameter must be 'loss', the name of a scorer (those of "
            f"sklearn.metrics.get_scorer_names()), a callable or None. Got {estimator.scoring!r} "
            "instead."
        )


def make_score(
    estimator: Any,
    network: Network,
    members: slice,
    rows: Rows,
    held_out: Any,
) -> Callable[[np.ndarray], float]:
    """The score of raw predictions by the parameter ``scoring``; higher is better.

    Parameters
    ----------
    estimator : BaseDNN
    network : Network
        The one that is trained in place.
    members : slice
        Those that are scored.
    rows : Rows
        The held-out rows as the network takes them,
    held_out : Data
        and as a scorer takes them, with labels for targets.
    """
    network = network.part(members)
    if estimator.scoring == "loss":
        return lambda raw: -mean_loss(network, raw, rows)
    if estimator.scoring in (None, estimator._default_scoring):
        return lambda raw: estimator._score_raw(raw, rows)
    from sklearn.metrics import check_scoring

    scorer = check_scoring(estimator, estimator.scoring)
    parameters = signature(scorer).parameters.values()
    takes_weights = any(p.name == "sample_weight" or p.kind == p.VAR_KEYWORD for p in parameters)
    X, labels, weights, index = held_out
    X = X if index is None else _safe_indexing(X, index)
    # A copy that predicts with the network in training, from an array that has no column names.
    predictor = copy(estimator)
    predictor._network = network
    if predictor._inputs is not None:
        predictor._inputs = predictor._inputs.part(members)
        predictor._inputs.encoder = predictor._inputs.encoder.silent()  # it is asked every epoch
    if not is_table(X):
        predictor.__dict__.pop("feature_names_in_", None)
    keywords = {"sample_weight": weights} if takes_weights and weights is not None else {}

    def score(raw: np.ndarray) -> float:
        try:
            return float(scorer(predictor, X, labels, **keywords))
        except TypeError as error:
            raise TypeError(f"scoring={estimator.scoring!r} failed: {error}") from error

    return score


def mean_r2(y: np.ndarray, prediction: np.ndarray, weights: np.ndarray) -> float:
    """What ``sklearn.metrics.r2_score`` returns, to the bit.

    Its checks would take ten times as long as an epoch of a hundred rows.

    Parameters
    ----------
    y, prediction : (n_rows, n_outputs) arrays of one dtype, finite, at least two rows
    weights : (n_rows,) array of that dtype
    """
    columns = weights[:, None]
    residual = (columns * (y - prediction) ** 2).sum(axis=0)
    mean = (columns * y).sum(axis=0) / columns.sum(axis=0)
    total = (columns * (y - mean) ** 2).sum(axis=0)
    # Without any residual the score is 1, whatever there was to explain; with nothing to explain 0.
    scores = (residual == 0).astype(y.dtype)
    usual = (residual != 0) & (total != 0)
    scores[usual] = 1 - residual[usual] / total[usual]
    return float(scores.mean())

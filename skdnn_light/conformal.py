"""Conformal prediction: intervals and sets from the scores of held-out rows.

The score of a row says how far its target is outside of a band around the prediction, or how many
classes are more probable than the right one. A new row is like the held-out ones: with probability
``coverage`` its score is at most the score of rank ``coverage * (n + 1)`` among ``n`` of them.

References
----------
Vovk, Gammerman & Shafer 2005, Algorithmic learning in a random world; Romano, Patterson & Candès
2019, "Conformalized quantile regression", arXiv 1905.03222; Romano, Sesia & Candès 2020,
"Classification with valid and adaptive coverage", arXiv 2006.02544.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any, NamedTuple

import numpy as np

#: Relative rounding error of a rank: of 99 rows, 0.9 * 100 is rank 90.
ROUNDING = 1e-12
#: Of more rows so many scores of equal distance in rank are kept: the coverage is at most higher by
#: the reciprocal.
MOST_SCORES = 10_000
#: Weights are scaled down to this, so that their sum does not overflow.
LARGEST_WEIGHT = 2.0**900
#: Score of a row that cannot be predicted, or whose error overflows: finite, as files need it.
LARGEST = np.finfo(np.float64).max


class Scores(NamedTuple):
    """Sorted scores of held-out rows.

    Attributes
    ----------
    values : (n_columns, n_rows) array
        Increasing along the rows.
    cumulative : (n_columns, n_rows) array
        Sums of the weights of the scores so far; the weight of a new row is 1.
    n_lost : int
        Ranks by which thresholds are raised because the rows have helped to choose the model.
    """

    values: np.ndarray
    cumulative: np.ndarray
    n_lost: int = 0

    @property
    def n_rows(self) -> float:
        """Sum of the weights."""
        return float(self.cumulative[0, -1])

    def n_needed(self, coverage: float) -> float:
        """Number of rows from which on thresholds are finite."""
        return (coverage + self.n_lost) / (1 - coverage) * (1 - ROUNDING)

    def thresholds(self, coverage: float) -> np.ndarray:
        """The largest scores of a prediction of this coverage: (n_columns,), maybe infinite."""
        rank = (coverage * (self.n_rows + 1) + self.n_lost) * (1 - ROUNDING)
        found = np.full(len(self.values), np.inf)
        for j, (values, cumulative) in enumerate(zip(self.values, self.cumulative, strict=True)):
            place = cumulative.searchsorted(rank)
            if place < values.size:
                found[j] = values[place]
        return np.where(found == LARGEST, np.inf, found)


def sorted_scores(values: np.ndarray, weights: np.ndarray | None = None, n_lost: int = 0) -> Scores:
    """Sort the scores of held-out rows.

    Parameters
    ----------
    values : (n_rows, n_columns) array
    weights : (n_rows,) array, optional
        Not negative, not all 0: a weight of 0 removes a row, and an integer repeats it. If all are
        below 1, the largest one is the weight of a new row.
    n_lost : int, default=0
    """
    if weights is None:
        weights = np.ones(len(values))
    values = np.nan_to_num(values[weights > 0].T.astype(np.float64), nan=LARGEST, posinf=LARGEST)
    weights = weights[weights > 0]
    largest = weights.max()
    weights = weights / max(min(largest, 1.0), largest / LARGEST_WEIGHT)
    n_rows = weights.size
    n_kept = min(n_rows, MOST_SCORES)
    # Rounded up: a score of higher rank stands for those that are not kept.
    kept = -(-np.arange(1, n_kept + 1) * n_rows // n_kept) - 1
    order = values.argsort(axis=1, kind="stable")
    cumulative = weights[order].cumsum(axis=1)
    return Scores(np.take_along_axis(values, order[:, kept], axis=1), cumulative[:, kept], n_lost)


def stored_scores(document: dict[str, Any], arrays: Mapping[str, np.ndarray]) -> Scores | None:
    """Scores of a saved model; None if it has none. See ``skdnn_light.files.read``."""
    found = document.get("conformal")
    if found is None:
        return None
    values, cumulative = (arrays[f"conformal.{name}"] for name in ("values", "cumulative"))
    return Scores(values.copy(), cumulative.copy(), found["n_lost"])


def checked_scores(scores: Scores | None, coverage: float, remedy: str) -> Scores:
    """The scores for a coverage.

    Raises
    ------
    ValueError
        If there are none, or if the coverage is not valid.
    """
    if not isinstance(coverage, Real) or not 0 < coverage < 1:
        raise ValueError(f"coverage must be a number above 0 and below 1. Got {coverage!r}.")
    if scores is None:
        raise ValueError(
            "Intervals and sets need rows that were not trained on, and this model has held out "
            f"none. {remedy}"
        )
    return scores


# ------------------------------------------------------------------------------------------------
# Numbers
# ------------------------------------------------------------------------------------------------


def n_bands(n_levels: int) -> int:
    """Number of bands between quantiles; the innermost may be a quantile alone."""
    return (n_levels + 1) // 2


def bands(quantiles: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper ends of the bands, from the widest to the narrowest.

    Parameters
    ----------
    quantiles : (n_rows, n_targets, n_levels) array
        Increasing; a prediction that is no quantile is a single one.

    Returns
    -------
    lower, upper : (n_rows, n_targets, n_bands) arrays
    """
    quantiles = quantiles.astype(np.float64)
    n = n_bands(quantiles.shape[-1])
    return quantiles[..., :n], quantiles[..., ::-1][..., :n]


def number_scores(
    y: np.ndarray, quantiles: np.ndarray, unit: np.ndarray | None = None
) -> np.ndarray:
    """How far targets are above or below each band, negative inside.

    Parameters
    ----------
    y : (n_rows, n_targets) array
    quantiles : (n_rows, n_targets, n_levels) array
    unit : (n_rows, n_targets) array, optional
        Predicted standard deviations, which scores are divided by: intervals are as wide as these
        (Lei et al. 2018, "Distribution-free predictive inference for regression", section 5.2).

    Returns
    -------
    scores : (n_rows, n_targets * n_bands) array
    """
    lower, upper = bands(quantiles)
    y = y[..., None]
    with np.errstate(over="ignore"):
        scores = np.maximum(lower - y, y - upper)
        return (scores if unit is None else scores / unit[..., None]).reshape(len(y), -1)


def interval(
    quantiles: np.ndarray,
    levels: Sequence[float],
    scores: Scores,
    coverage: float,
    unit: np.ndarray | None = None,
) -> np.ndarray:
    """Prediction intervals: the band whose levels are closest to the coverage, widened.

    Parameters
    ----------
    quantiles : (n_rows, n_targets, n_levels) array
    levels : sequence of n_levels float
        Empty for a prediction that is no quantile.
    scores : Scores
        Those of ``number_scores``.
    coverage : float
    unit : (n_rows, n_targets) array, optional
        As in ``number_scores``.

    Returns
    -------
    interval : (n_rows, n_targets, 2) array
        Lower and upper ends.
    """
    lower, upper = bands(quantiles)
    n = lower.shape[-1]
    band = 0
    if levels:
        spans = [levels[-1 - i] - levels[i] for i in range(n)]
        band = int(np.abs(np.array(spans) - coverage).argmin())
    margin = scores.thresholds(coverage).reshape(-1, n)[:, band]
    lower, upper = lower[..., band], upper[..., band]
    with np.errstate(over="ignore", invalid="ignore"):
        margin = margin if unit is None else margin * unit
        # A negative margin may be more than half of the band, which then shrinks to its middle.
        middle = lower / 2 + upper / 2
        ends = np.minimum(lower - margin, middle), np.maximum(upper + margin, middle)
        return np.stack(ends, axis=-1)


# ------------------------------------------------------------------------------------------------
# Classes
# ------------------------------------------------------------------------------------------------


def class_scores(proba: np.ndarray) -> np.ndarray:
    """Sum of the probabilities of all classes that are more probable, for each class.

    0 for the most probable class: no set is empty. These are the scores of adaptive prediction sets
    without their random number. Of equally probable classes the first counts as more probable.

    Parameters
    ----------
    proba : (n_rows, n_classes) array

    Returns
    -------
    scores : (n_rows, n_classes) array
    """
    order = (-proba).argsort(axis=1, kind="stable")
    above = np.zeros(proba.shape)
    above[:, 1:] = np.take_along_axis(proba, order[:, :-1], axis=1).cumsum(axis=1, dtype=np.float64)
    scores = np.empty(proba.shape)
    np.put_along_axis(scores, order, above, axis=1)
    return scores


def class_set(proba: np.ndarray, scores: Scores, coverage: float) -> np.ndarray:
    """Whether each class is in the set of a row: (n_rows, n_classes) bool.

    Parameters
    ----------
    proba : (n_rows, n_classes) array
    scores : Scores
        Those of the right classes of held-out rows.
    coverage : float
    """
    return class_scores(proba) <= scores.thresholds(coverage)[0]

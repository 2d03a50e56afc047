"""A sample of the rows of all partitions, with every category, class and extreme number.

Each partition is described by a task where it is (:func:`describe`), the descriptions are merged
(:func:`plan_of`), and a second task draws its share of the sample (:func:`draw`). The sample
depends on the partitions and the seed, not on the workers that hold them.

Of up to ``MAX_ROWS`` rows the sample has all, so that quantiles are exact. Of more rows the
distribution function of a column in the sample differs from that of all rows by less than 0.005
with a probability of 0.9999 (Dvoretzky-Kiefer-Wolfowitz inequality with the constant of Massart
1990): a median is between the quantiles of 0.495 and 0.505. With sample weights the bound is that
of their effective number of rows. Categories, minimum and maximum of each column, and classes are
exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from dask.sizeof import sizeof
from scipy.sparse import issparse
from sklearn.base import is_classifier

from skdnn._sklearn import safe_indexing
from skdnn.distributed._collections import Part, Recipe, concatenated, part_of
from skdnn.distributed._summary import Summary
from skdnn.estimators._targets import as_numbers, check_weights
from skdnn.tabular.categories import factorize
from skdnn.tabular.schema import Columns, resolve_categorical

#: Rows of the sample.
MAX_ROWS = 200_000
#: The key of missing values among the categories of a column.
MISSING = None


class ColumnStatistics(NamedTuple):
    """What a partition has of a column."""

    #: Number of rows of each category; None of a numeric column, but for missing values.
    counts: dict[Any, int]
    #: Least and greatest number, infinite if there are none or if the column is categorical.
    least: float
    greatest: float


class Description(NamedTuple):
    """What a partition has: numbers of rows, and statistics of the columns and the targets."""

    n_rows: int
    #: Those of positive weight.
    n_counted: int
    #: Of X in memory.
    n_bytes: int
    columns: list[ColumnStatistics]
    targets: list[ColumnStatistics]


class Share(NamedTuple):
    """What the sample takes from a partition."""

    n_rows: int
    #: Further rows: of each column of X, then of the targets, the categories that one is needed of,
    #: and whether the rows of the least and the greatest number are.
    wanted: list[tuple[list, bool, bool]]


def checked(part: Part, estimator: Any, index: int) -> tuple[Any, np.ndarray, np.ndarray | None]:
    """Rows, targets and weights of a partition, validated as far as they can be alone.

    Raises
    ------
    TypeError, ValueError
        With the number of the partition, from 0.
    """
    try:
        X, y = part.X, estimator._as_targets(part.y, "y")
        weights = None if part.weights is None else as_numbers(part.weights, "sample_weight")
        n_rows = X.shape[0]
        for name, data in (("y", y), ("sample_weight", weights)):
            if data is not None and data.shape[0] != n_rows:
                raise ValueError(f"X has {n_rows} rows, but {name} has {data.shape[0]}.")
        if weights is not None and n_rows and np.any(weights):
            weights = check_weights(weights, X)
    except (TypeError, ValueError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"Partition {index}: {error}") from error
    return X, y, weights


def describe(source: Part | Recipe, estimator: Any, index: int) -> Description:
    """Statistics of a partition, over its rows of positive weight.

    Parameters
    ----------
    source : Part or Recipe
    estimator : BaseDNN
        Plain, for the kinds of columns and targets.
    index : int
        Of the partition.

    Raises
    ------
    TypeError, ValueError
        If rows, targets or weights are not valid.
    """
    X, y, weights = checked(part_of(source), estimator, index)
    counted = None if weights is None or weights.all() else weights > 0
    n_rows = X.shape[0]
    n_counted = n_rows if counted is None else int(np.count_nonzero(counted))
    if not n_counted:
        return Description(n_rows, 0, sizeof(X), [], [])
    try:
        columns = _columns(X, counted, estimator)
    except (TypeError, ValueError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"Partition {index}: {error}") from error
    return Description(n_rows, n_counted, sizeof(X), columns, _targets(y, counted, estimator))


def _columns(X: Any, counted: np.ndarray | None, estimator: Any) -> list[ColumnStatistics]:
    if issparse(X):
        return []  # used as they are
    table = Columns(X, counted)
    is_categorical = resolve_categorical(table, estimator.categorical_features)
    by_dtype = isinstance(estimator.categorical_features, str)
    found = []
    for j in range(table.n_columns):
        values = table[j]
        # Objects may be numbers here and text in another partition.
        if is_categorical[j] or (by_dtype and values.dtype.kind == "O"):
            found.append(_of_categories(values, table.label(j)))
        else:
            found.append(_of_numbers(table.numbers([j])[:, 0]))
    return found


def _targets(y: np.ndarray, counted: np.ndarray | None, estimator: Any) -> list[ColumnStatistics]:
    if not is_classifier(estimator) or issparse(y):
        return []
    rows = y if counted is None else y[counted]
    return [_of_categories(column, "y") for column in rows.reshape(rows.shape[0], -1).T]


def _of_categories(values: Any, label: str) -> ColumnStatistics:
    codes, uniques = factorize(values, label)
    counts = np.bincount(codes + 1, minlength=len(uniques) + 1).tolist()
    found = dict(zip(uniques, counts[1:], strict=True))
    if counts[0]:
        found[MISSING] = counts[0]
    return ColumnStatistics(found, np.inf, -np.inf)


def _of_numbers(values: np.ndarray) -> ColumnStatistics:
    present = values[~np.isnan(values)] if values.dtype.kind == "f" else values
    n_missing = values.size - present.size
    counts = {MISSING: n_missing} if n_missing else {}
    if not present.size:
        return ColumnStatistics(counts, np.inf, -np.inf)
    return ColumnStatistics(counts, float(present.min()), float(present.max()))


def plan_of(descriptions: Sequence[Description], max_rows: int = MAX_ROWS) -> list[Share]:
    """What the sample takes from each partition.

    Parameters
    ----------
    descriptions : sequence of Description
    max_rows : int
        Number of rows that are drawn from all partitions; those that are taken for their
        categories, classes and extreme numbers are added.

    Returns
    -------
    shares : list of Share
    """
    counts = np.array([each.n_counted for each in descriptions])
    total = int(counts.sum())
    if total <= max_rows:
        return [Share(int(n), []) for n in counts]
    # A partition with rows gives one at least.
    drawn = np.maximum(counts * max_rows // total, counts > 0)
    n_columns = max(len(each.columns) + len(each.targets) for each in descriptions)
    wanted: list[list[tuple[list, bool, bool]]] = [[] for _ in descriptions]
    for j in range(n_columns):
        stats = [
            (i, (each.columns + each.targets)[j])
            for i, each in enumerate(descriptions)
            if each.n_counted
        ]
        owners: dict[Any, int] = {}
        for i, column in stats:
            for category in column.counts:
                owners.setdefault(category, i)
        least = min(stats, key=lambda item: item[1].least)[0]
        greatest = max(stats, key=lambda item: item[1].greatest)[0]
        for i, column in stats:
            mine = [category for category in column.counts if owners[category] == i]
            wanted[i].append((mine, i == least, i == greatest))
    return [Share(int(n), each) for n, each in zip(drawn, wanted, strict=True)]


def draw(source: Part | Recipe, estimator: Any, index: int, share: Share, seed: int) -> Part:
    """The rows that the sample takes from a partition.

    Returns
    -------
    rows : Part
        Their weights are the sample weights times the number of rows that each stands for.
    """
    X, y, weights = checked(part_of(source), estimator, index)
    counted = np.arange(X.shape[0]) if weights is None else np.flatnonzero(weights)
    if not counted.size:
        return Part(X[:0], y[:0], np.ones(0))
    if share.n_rows == counted.size:
        rows, stands_for = counted, np.ones(counted.size)
    else:
        random = np.random.default_rng([seed, index])
        rows = np.sort(random.choice(counted, share.n_rows, replace=False))
        extra = np.setdiff1d(_wanted_rows(X, y, counted, share), rows)
        stands_for = np.full(rows.size + extra.size, counted.size / share.n_rows)
        stands_for[rows.size :] = 1
        rows = np.concatenate([rows, extra])
    found = stands_for if weights is None else stands_for * weights[rows]
    return Part(safe_indexing(X, rows), y[rows], found)


def _wanted_rows(X: Any, y: np.ndarray, counted: np.ndarray, share: Share) -> np.ndarray:
    """A row for each category and extreme number that is wanted."""
    columns: list[Any] = []
    if not issparse(X):
        table = Columns(X)
        columns = [(table, j) for j in range(table.n_columns)]
    targets = y.reshape(y.shape[0], -1).T if isinstance(y, np.ndarray) else []
    found = [np.empty(0, dtype=np.intp)]
    for k, (categories, takes_least, takes_greatest) in enumerate(share.wanted):
        if not categories and not takes_least and not takes_greatest:
            continue
        is_column = k < len(columns)
        values = columns[k][0][columns[k][1]] if is_column else targets[k - len(columns)]
        values = values[counted]
        if categories:
            codes, uniques = factorize(values, "")
            first = {code: row for row, code in reversed(list(enumerate(codes.tolist())))}
            codes_of = {**{value: code for code, value in enumerate(uniques)}, MISSING: -1}
            rows = [first[codes_of[category]] for category in categories]
            found.append(counted[rows])
        if (takes_least or takes_greatest) and values.dtype.kind in "biuf":
            numbers = np.asarray(values, dtype=np.float64)
            if not np.isnan(numbers).all():
                ends = [np.nanargmin(numbers)] * takes_least + [
                    np.nanargmax(numbers)
                ] * takes_greatest
                found.append(counted[ends])
    return np.unique(np.concatenate(found))


def summary_of(samples: Sequence[Part], *, is_weighted: bool) -> Summary:
    """The samples of all partitions, in their order, as one.

    Parameters
    ----------
    samples : sequence of Part
    is_weighted : bool
        Whether there are sample weights.
    """
    filled = [each for each in samples if each.X.shape[0]] or list(samples[:1])
    X, y = (concatenated(list(pieces)) for pieces in zip(*[s[:2] for s in filled], strict=True))
    found = np.concatenate([each.weights for each in filled])
    weights = found if is_weighted or (found != 1).any() else None
    return Summary(X.reset_index(drop=True) if isinstance(X, pd.DataFrame) else X, y, weights)

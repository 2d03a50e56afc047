"""Dependence of predictions on a column: partial dependence, ICE and ALE curves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from skdnn.estimators._base import BaseDNN
from skdnn.inspection._mixed import MixedRows, Response
from skdnn.tabular.schema import Columns, holds_categories


@dataclass(frozen=True, eq=False)
class Axis:
    """The values of a column at which predictions are compared.

    Attributes
    ----------
    name : str
    position : int
        Of the column.
    values : (n_values,) array
        Numbers in increasing order, or categories; without the missing value.
    rows : (n_values,) int array
        For each value, a row of the table that has it.
    missing : int or None
        A row whose value is missing; None if there is no such row.
    index : (n_samples,) int array
        Of each row, the last value that is not larger than its own (for a category, its own); -1 if
        it is missing.
    data : (n_samples,) array
        The column: numbers, or categories.
    categorical : bool
    ordered : bool
        Whether the categories are ordered.
    """

    name: str
    position: int
    values: np.ndarray
    rows: np.ndarray
    missing: int | None
    index: np.ndarray
    data: np.ndarray
    categorical: bool
    ordered: bool = False

    @property
    def all_rows(self) -> np.ndarray:
        """A row for each value, and last one whose value is missing, if there is any."""
        return self.rows if self.missing is None else np.append(self.rows, self.missing)

    def shares(self, weights: np.ndarray) -> np.ndarray:
        """Share of the known rows (n_values,) of each value; of a number, of its two neighbors."""
        known = np.flatnonzero(self.index >= 0)
        index, weight, n_values = self.index[known], weights[known], len(self.values)
        share = np.bincount(index, weight, n_values)
        if not self.categorical and n_values > 1:
            lower = np.minimum(index, n_values - 2)
            part = (self.data[known] - self.values[lower]) / np.diff(self.values)[lower]
            share = np.bincount(lower, weight * (1 - part), n_values)
            share += np.bincount(lower + 1, weight * part, n_values)
        return share / share.sum()

    @property
    def labels(self) -> list[str]:
        """The values as text."""
        return [str(value) for value in self.values]


def axis_of(
    estimator: Any, X: Any, name: str, position: int, resolution: int, weights: np.ndarray
) -> Axis:
    """The values of a column: all categories, or quantiles of the numbers.

    Raises
    ------
    ValueError
        If all values are missing.
    """
    columns = Columns(X)
    values = columns[position]
    categorical = is_categorical(estimator, position, values, columns.label(position))
    if categorical:
        data = np.asarray(values, dtype=object)
        missing = pd.isna(data)
    else:
        data = columns.numbers([position])[:, 0].astype(np.float64)
        missing = np.isnan(data)
    known = np.flatnonzero(~missing)
    if not known.size:
        raise ValueError(f"All values of column {columns.label(position)} are missing.")
    if categorical:
        codes, found = pd.factorize(data[known])
        order = in_order(values, found)
        grid, places = found[order], np.argsort(order)[codes]
    else:
        grid = np.unique(data[known])
        if len(grid) > resolution:
            levels = np.linspace(0, 1, resolution)
            # Values that occur, also those of integers.
            quantiles = np.quantile(
                data[known], levels, method="inverted_cdf", weights=weights[known]
            )
            grid = np.unique([grid[0], *quantiles, grid[-1]])
        places = np.searchsorted(grid, data[known], side="right") - 1
    index = np.full(len(data), -1)
    index[known] = places
    if categorical:
        rows = known[np.unique(places, return_index=True)[1]]
    else:
        order = np.argsort(data[known], kind="stable")
        rows = known[order][np.searchsorted(data[known][order], grid)]
    first = int(np.flatnonzero(missing)[0]) if missing.any() else None
    ordered = categorical and getattr(getattr(values, "dtype", None), "ordered", False)
    return Axis(name, position, grid, rows, first, index, data, categorical, ordered)


def is_categorical(estimator: Any, position: int, values: Any, label: str) -> bool:
    """Whether a column is categorical: for the estimator, or by its dtype."""
    model = getattr(estimator, "best_estimator_", estimator)
    if isinstance(model, BaseDNN) and model._model.inputs is not None:
        return model._is_categorical(position)
    return holds_categories(values, label)


def in_order(values: Any, found: np.ndarray) -> np.ndarray:
    """Order of categories: their own, if they have one, or sorted as text."""
    if isinstance(getattr(values, "dtype", None), pd.CategoricalDtype):
        codes = values.dtype.categories.get_indexer(found)
        return np.argsort(codes, kind="stable")
    return np.array(sorted(range(len(found)), key=lambda i: (str(type(found[i])), found[i])))


class Curves:
    """Computes the curves of one output of an estimator.

    Parameters
    ----------
    estimator : fitted estimator
    X : table, as ``as_table`` returns it
    response : Response
    output : object
        Label of the output; None is the only one.
    weights : (n_samples,) array
        Weights of the rows, of sum 1.
    """

    def __init__(
        self, estimator: Any, X: Any, response: Response, output: Any, weights: np.ndarray
    ) -> None:
        self.rows, self.response, self.output = MixedRows(estimator, X), response, output
        self.weights = weights

    def predict(self, which: np.ndarray, changes: dict[int, np.ndarray]) -> np.ndarray:
        """Predictions of rows that have values of other rows in some columns.

        Parameters
        ----------
        which : (n_rows,) int array
        changes : dict of int to (n_rows,) int array
            For each column that is changed, the rows that its values are taken from.

        Returns
        -------
        predictions : (1 + n_members, n_rows) array
            Those of the estimator, then those of its members, if it has several.
        """
        blocks = []
        for block in self.rows.blocks(len(which)):
            sources = np.repeat(which[block, None], self.rows.n_columns, axis=1)
            for position, rows in changes.items():
                sources[:, position] = rows[block]
            pairs = self.rows.members(sources)
            found = [self.response(*pair) for pair in pairs]
            output = self.response.position(self.output)
            blocks.append(np.array([each[:, output] for each in found]))
        return np.concatenate(blocks, axis=1)

    def individual(self, axes: list[Axis]) -> np.ndarray:
        """Predictions for every row with every combination of values.

        Parameters
        ----------
        axes : list of Axis
            For one column, the missing value is the last one; for two it is left out.

        Returns
        -------
        predictions : (1 + n_members, n_samples, n_values, ...) array
        """
        choices = [axes[0].all_rows] if len(axes) == 1 else [axis.rows for axis in axes]
        sizes = [len(self.weights), *map(len, choices)]
        which, *places = np.indices(sizes).reshape(len(sizes), -1)
        changes = {
            axis.position: rows[place]
            for axis, rows, place in zip(axes, choices, places, strict=True)
        }
        return self.predict(which, changes).reshape(-1, *sizes)

    @property
    def output_label(self) -> Any:
        """Label of the output, known after the first prediction."""
        outputs = self.response.outputs or [None]
        return outputs[self.response.position(self.output)]

    def local_effects(self, axis: Axis) -> np.ndarray:
        """Accumulated local effects: (1 + n_members, n_values) array, of mean 0.

        Between two neighboring values, the rows there are predicted with both of them, and the mean
        difference is accumulated. Rows between them are those of a number in this range, or of one
        of two categories. The effect of a missing value, the last one, is the mean difference to
        all other values, for the rows where it is missing.
        """
        n_values, share = len(axis.values), axis.shares(self.weights)
        order = self._similar(axis) if axis.categorical else np.arange(n_values)
        rank = np.append(np.argsort(order), -1)[axis.index]  # of each row; -1 is missing
        exact = axis.data == axis.values[axis.index]
        # A row is between the values of ``step`` and ``step + 1``, or is one of them.
        steps = [
            np.flatnonzero((rank == step) | ((rank == step + 1) & exact))
            for step in range(n_values - 1)
        ]
        which = np.concatenate([*steps, np.empty(0, dtype=int)]).astype(int)
        step = np.repeat(np.arange(n_values - 1), [len(rows) for rows in steps])
        rows = axis.rows[order]
        changes = self.predict(which, {axis.position: rows[step + 1]})
        changes = changes - self.predict(which, {axis.position: rows[step]})
        weight = self.weights[which]
        totals = np.bincount(step, weight, n_values - 1)
        sums = np.array([np.bincount(step, weight * row, n_values - 1) for row in changes])
        means = sums / np.where(totals > 0, totals, 1)
        effects = np.zeros((len(changes), n_values))
        effects[:, order[1:]] = means.cumsum(axis=1)
        effects -= (effects @ share)[:, None]
        if axis.missing is None:
            return effects
        return np.column_stack([effects, self._missing_effect(axis, share)])

    def _missing_effect(self, axis: Axis, share: np.ndarray) -> np.ndarray:
        rows = np.flatnonzero(axis.index < 0)
        which, place = np.indices((len(rows), len(axis.all_rows))).reshape(2, -1)
        found = self.predict(rows[which], {axis.position: axis.all_rows[place]})
        found = found.reshape(-1, len(rows), len(axis.all_rows))
        difference = found[..., -1] - found[..., :-1] @ share
        return np.average(difference, axis=1, weights=self.weights[rows])

    def _similar(self, axis: Axis) -> np.ndarray:
        """Order of categories by the mean prediction of their rows; ordered ones stay so."""
        if axis.ordered:
            return np.arange(len(axis.values))
        found = self.predict(np.arange(len(self.weights)), {})[0]
        n_values, known = len(axis.values), axis.index >= 0
        weight = self.weights[known]
        totals = np.bincount(axis.index[known], weight, n_values)
        sums = np.bincount(axis.index[known], weight * found[known], n_values)
        return np.argsort(sums / np.where(totals > 0, totals, 1), kind="stable")

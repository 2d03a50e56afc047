"""Encoding of a table as numbers and category codes."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, field
from numbers import Integral
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from skdnn._dtypes import ACCUMULATOR, CODE
from skdnn._warnings import warn
from skdnn.tabular.categories import Categories, encode, extended, find_categories
from skdnn.tabular.doubts import doubts_of_prediction, doubts_of_training
from skdnn.tabular.numeric import NumericScaler
from skdnn.tabular.schema import Columns, resolve_categorical

#: Label of unknown categories.
UNKNOWN = "unknown"
#: Maximum number of names in a message.
_MAX_NAMES = 30


class Table(NamedTuple):
    """An encoded table.

    Attributes
    ----------
    numeric : (n_samples, n_numeric + n_indicators) float array
        Numeric columns, then the indicators of missing values.
    codes : (n_samples, n_categorical) int32 array
        Codes of the categories; 0 is unknown.
    """

    numeric: np.ndarray
    codes: np.ndarray

    @property
    def shape(self) -> tuple[int, int]:
        """Number of rows, and of all columns."""
        return len(self.codes), self.numeric.shape[1] + self.codes.shape[1]

    def rows(self, rows: Any) -> Table:
        """Some rows; views if ``rows`` is a slice."""
        return Table(self.numeric[rows], self.codes[rows])


@dataclass(eq=False)
class TableEncoder:
    """Encodes tables as numbers and category codes; the caller checks the column names.

    Parameters
    ----------
    categorical_features : "from_dtype", None, or array-like of bool, int or str, \
            default="from_dtype"
        See ``resolve_categorical``.
    scaling : {"robust", "standard"} or None, default="robust"
        See ``NumericScaler``.

    Attributes
    ----------
    names : tuple of str
        Names of the columns; ``x0``, ``x1``, ... if the table has no names.
    is_categorical : (n_columns,) bool array
    scaler : NumericScaler
        Scaler of the numeric columns.
    categories : tuple of Categories
        Categories of the categorical columns.
    warns : bool
        Whether to warn of suspicious columns.
    """

    categorical_features: Any = "from_dtype"
    scaling: str | None = "robust"
    warns: bool = field(init=False, repr=False, default=True)
    names: tuple[str, ...] = field(init=False, repr=False)
    is_categorical: np.ndarray = field(init=False, repr=False)
    scaler: NumericScaler = field(init=False, repr=False)
    categories: tuple[Categories, ...] = field(init=False, repr=False)

    def fit(self, X: Any, weights: np.ndarray | None = None) -> TableEncoder:
        """Learn kinds, categories and statistics of the columns from training rows.

        Parameters
        ----------
        X : array-like or data frame of shape (n_samples, n_columns)
        weights : (n_samples,) float array, default=None
            Non-negative; a weight of 0 is the same as no row.

        Returns
        -------
        self : TableEncoder

        Raises
        ------
        TypeError, ValueError
            If a column cannot be encoded. The encoder is then unchanged.

        Warns
        -----
        UserWarning
            If columns that are categorical by their dtype look like numbers, dates or identifiers.
        """
        rows = None
        if weights is not None and not weights.all():
            rows = weights > 0
            weights = weights[rows]
        columns = Columns(X, rows)
        if not columns.n_rows:
            raise ValueError("There is no row of positive weight to learn the columns from.")
        is_categorical = resolve_categorical(columns, self.categorical_features)
        numeric, categorical = _positions(~is_categorical), _positions(is_categorical)
        labels = [columns.label(j) for j in numeric]
        scaler = NumericScaler(self.scaling).fit(columns.numbers(numeric), weights, labels)
        texts = [(columns.label(j), columns[j]) for j in categorical]
        self.categories = tuple(find_categories(values, label) for label, values in texts)
        doubts = doubts_of_training(texts, self.categories)
        if doubts and self.warns and isinstance(self.categorical_features, str):
            warn(doubts)
        self.scaler, self.is_categorical = scaler, is_categorical
        names = columns.names or [f"x{j}" for j in range(columns.n_columns)]
        self.names = tuple(map(str, names))
        return self

    def extended(
        self, X: Any, weights: np.ndarray | None, room: Sequence[float]
    ) -> tuple[TableEncoder, dict[int, np.ndarray]]:
        """The encoder extended by what is new in more rows: see ``NumericScaler``.

        Parameters
        ----------
        X : array-like or data frame of shape (n_samples, n_columns)
        weights : (n_samples,) float array or None
            As in ``fit``.
        room : sequence of n_categorical int or inf
            Maximum number of codes of each categorical column.

        Returns
        -------
        encoder : TableEncoder
            This one, if there is nothing new.
        learned : dict of arrays
            Values of the numeric columns that were learned now: see ``NumericScaler.extended``.
        """
        rows = None
        if weights is not None and not weights.all():
            rows = weights > 0
            weights = weights[rows]
        columns = self._known_columns(X, rows)
        numbers = columns.numbers(_positions(~self.is_categorical))
        scaler, learned = self.scaler.extended(numbers)
        positions = _positions(self.is_categorical)
        categories = tuple(
            extended(known, columns[j], columns.label(j), n)
            for known, j, n in zip(self.categories, positions, room, strict=True)
        )
        if scaler is self.scaler and categories == self.categories:
            return self, learned
        other = copy(self)
        other.scaler, other.categories = scaler, categories
        return other, learned

    def transform(self, X: Any, dtype: Any = np.float32) -> Table:
        """Encode rows.

        Parameters
        ----------
        X : array-like or data frame of shape (n_samples, n_columns)
            Unknown categories have code 0, without a warning if others of the column are known.
        dtype : dtype, default=np.float32
            Dtype of the numbers.

        Returns
        -------
        table : Table

        Raises
        ------
        TypeError, ValueError
            If a numeric column holds other values, or an infinite number.

        Warns
        -----
        UserWarning
            If the values of a categorical column have another type than in training, or all of
            many are unknown.
        """
        columns = self._known_columns(X)
        numbers = columns.numbers(_positions(~self.is_categorical))
        numeric = self.scaler.transform(numbers, dtype)
        codes = np.empty((columns.n_rows, len(self.categories)), dtype=CODE)
        positions = _positions(self.is_categorical)
        if not positions:
            return Table(numeric, codes)
        for i, j in enumerate(positions):
            codes[:, i] = encode(self.categories[i], columns[j], columns.label(j))
        n_values = [len(known.values) for known in self.categories]
        is_known = (codes > 0) & (codes <= n_values)
        doubts = [
            doubts_of_prediction(
                self.categories[i], columns[positions[i]], columns.label(positions[i])
            )
            for i in np.flatnonzero(~is_known.any(axis=0)).tolist()
        ]
        if self.warns and any(doubts):
            warn(
                "No value of these columns is a known category: "
                f"{'; '.join(filter(None, doubts))}. Give them the type and spelling of the "
                "training data, for example with astype."
            )
        return Table(numeric, codes)

    def cast(self, table: Table, dtype: Any) -> Table:
        """Cast the numbers of a table to another dtype.

        Raises
        ------
        ValueError
            If a number is beyond its range.
        """
        if table.numeric.dtype == dtype:
            return table
        with np.errstate(over="ignore"):
            numeric = table.numeric.astype(dtype)
        self.scaler.check_range(numeric)
        return table._replace(numeric=numeric)

    def _known_columns(self, X: Any, rows: np.ndarray | None = None) -> Columns:
        columns = Columns(X, rows)
        if columns.n_columns != self.is_categorical.size:
            raise ValueError(
                f"X has {columns.n_columns} columns, but training has seen "
                f"{self.is_categorical.size}."
            )
        return columns

    def silent(self) -> TableEncoder:
        """A copy that does not warn."""
        other = copy(self)
        other.warns = False
        return other

    def position(self, column: Any) -> int:
        """Position of a column from its name or position.

        Raises
        ------
        ValueError
            If there is no such column.
        """
        if isinstance(column, str) and column in self.names:
            return self.names.index(column)
        valid = isinstance(column, Integral) and not isinstance(column, bool)
        if valid and 0 <= int(column) < len(self.names):
            return int(column)
        names = ", ".join(map(repr, self.names[:_MAX_NAMES]))
        more = ", ..." if len(self.names) > _MAX_NAMES else ""
        raise ValueError(
            f"There is no column {column!r}. The {len(self.names)} columns are {names}{more}; a "
            "position is accepted as well."
        )

    def place(self, position: int) -> int:
        """Position of a column among the columns of its kind, numeric or categorical."""
        kind = self.is_categorical[position]
        return int(np.count_nonzero(self.is_categorical[:position] == kind))

    def column_table(
        self, position: int, values: Any = None, dtype: Any = np.float32
    ) -> tuple[pd.Index, Table]:
        """Rows with values of one column; the others are missing or unknown.

        Parameters
        ----------
        position : int
            Position of the column.
        values : array-like of shape (n_values,), default=None
            Values of the column. None takes those of the training rows: all categories in sorted
            order, None if there were missing values, and ``UNKNOWN``; of a numeric column the
            distinct percentiles, and NaN if there were missing values.
        dtype : dtype, default=np.float32
            Dtype of the numbers.

        Returns
        -------
        index : pandas Index of n_values
            The values.
        table : Table of n_values rows
        """
        place, name = self.place(position), self.names[position]
        is_categorical = self.is_categorical[position]
        given = None if values is None else Columns(pd.DataFrame({name: pd.Series(values)}))
        index, known = (self._known_codes if is_categorical else self._known_numbers)(place, given)
        numbers = np.full((len(index), self.n_numeric), np.nan, dtype=ACCUMULATOR)
        codes = np.zeros((len(index), len(self.categories)), dtype=CODE)
        (codes if is_categorical else numbers)[:, place] = known
        return index.rename(name), Table(self.scaler.transform(numbers, dtype), codes)

    def _known_codes(self, place: int, given: Columns | None) -> tuple[pd.Index, np.ndarray]:
        categories = self.categories[place]
        if given is not None:
            return pd.Index(given[0]), encode(categories, given[0], given.label(0))
        # As objects: None stays None, and numbers of a mixed column stay numbers.
        index = pd.Index([*categories.labels, UNKNOWN], dtype=object)
        return index, np.append(np.arange(1, len(index)), 0)

    def _known_numbers(self, place: int, given: Columns | None) -> tuple[pd.Index, np.ndarray]:
        if given is not None:
            numbers = given.numbers([0])[:, 0]
        else:
            percentiles = self.scaler.percentiles[place]
            numbers = np.unique(percentiles[~np.isnan(percentiles)])
            if place in self.scaler.indicated or not numbers.size:
                numbers = np.append(numbers, np.nan)
        return pd.Index(numbers), numbers

    @property
    def n_numeric(self) -> int:
        """Number of numeric columns, without the indicators."""
        return self.scaler.center.size

    @property
    def n_codes(self) -> tuple[int, ...]:
        """Number of codes above 0 of each categorical column."""
        return tuple(each.n_codes for each in self.categories)

    @property
    def numeric_names(self) -> list[str]:
        """Names of the numeric columns."""
        return [self.names[j] for j in _positions(~self.is_categorical)]

    @property
    def indicator_names(self) -> list[str]:
        """Names of the indicators, as those of scikit-learn's ``MissingIndicator``."""
        names = self.numeric_names
        return [f"missingindicator_{names[j]}" for j in self.scaler.indicated]

    @property
    def categorical_names(self) -> list[str]:
        """Names of the categorical columns."""
        return [self.names[j] for j in _positions(self.is_categorical)]

    @property
    def category_labels(self) -> dict[str, tuple]:
        """Categories of the codes from 1 on, by name of the column."""
        labels = (each.labels for each in self.categories)
        return dict(zip(self.categorical_names, labels, strict=True))


def _positions(mask: np.ndarray) -> list[int]:
    return np.flatnonzero(mask).tolist()

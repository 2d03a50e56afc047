"""From a table to numbers and codes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from skdnn._dtypes import CODE
from skdnn.tabular.categories import Categories, encode, find_categories
from skdnn.tabular.numeric import NumericScaler
from skdnn.tabular.schema import Columns, resolve_categorical


class Table(NamedTuple):
    """A table as a network takes it.

    Attributes
    ----------
    numeric : (n_samples, n_numeric + n_indicators) float array
        Numeric columns, then the indicators of missing values.
    codes : (n_samples, n_categorical) int32 array
        Codes of the categories; 0 is unknown.
    """

    numeric: np.ndarray
    codes: np.ndarray


@dataclass(eq=False)
class TableEncoder:
    """Turns a table into numbers and codes; the caller sees to it that the columns are the same.

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
        Of all columns; ``x0``, ``x1``, ... where the table has no names.
    is_categorical : (n_columns,) bool array
    scaler : NumericScaler
        Of the numeric columns.
    categories : tuple of Categories
        Of the categorical columns.
    """

    categorical_features: Any = "from_dtype"
    scaling: str | None = "robust"
    names: tuple[str, ...] = field(init=False, repr=False)
    is_categorical: np.ndarray = field(init=False, repr=False)
    scaler: NumericScaler = field(init=False, repr=False)
    categories: tuple[Categories, ...] = field(init=False, repr=False)

    def fit(self, X: Any, weights: np.ndarray | None = None) -> TableEncoder:
        """Find kinds, categories and statistics of the columns from training rows.

        Parameters
        ----------
        X : array-like or data frame of shape (n_samples, n_columns)
        weights : (n_samples,) float array, default=None
            Not negative; a row of weight 0 is as if it were not there.

        Returns
        -------
        self : TableEncoder

        Raises
        ------
        TypeError, ValueError
            If a column is not what a network can take. The encoder is then what it was before.
        """
        rows = None
        if weights is not None and not weights.all():
            rows = weights > 0
            weights = weights[rows]
        columns = Columns(X, rows)
        if not columns.n_rows:
            raise ValueError("There is no row to learn the columns from that has a weight above 0.")
        is_categorical = resolve_categorical(columns, self.categorical_features)
        numeric, categorical = _positions(~is_categorical), _positions(is_categorical)
        labels = [columns.label(j) for j in numeric]
        scaler = NumericScaler(self.scaling).fit(columns.numbers(numeric), weights, labels)
        self.categories = tuple(find_categories(columns[j], columns.label(j)) for j in categorical)
        self.scaler, self.is_categorical = scaler, is_categorical
        names = columns.names or [f"x{j}" for j in range(columns.n_columns)]
        self.names = tuple(map(str, names))
        return self

    def transform(self, X: Any, dtype: Any = np.float32) -> Table:
        """Numbers and codes of any rows.

        Parameters
        ----------
        X : array-like or data frame of shape (n_samples, n_columns)
            Categories that training has not seen are unknown, without a warning.
        dtype : dtype, default=np.float32
            Of the numbers.

        Returns
        -------
        table : Table

        Raises
        ------
        TypeError, ValueError
            If a numeric column holds something else, or an infinite number.
        """
        columns = Columns(X)
        numbers = columns.numbers(_positions(~self.is_categorical))
        numeric = self.scaler.transform(numbers, dtype)
        codes = np.empty((columns.n_rows, len(self.categories)), dtype=CODE)
        for i, j in enumerate(_positions(self.is_categorical)):
            codes[:, i] = encode(self.categories[i], columns[j], columns.label(j))
        return Table(numeric, codes)

    @property
    def n_numeric(self) -> int:
        """Numeric columns, without the indicators."""
        return self.scaler.center.size

    @property
    def n_codes(self) -> tuple[int, ...]:
        """Of each categorical column, codes above 0."""
        return tuple(each.n_codes for each in self.categories)

    @property
    def numeric_names(self) -> list[str]:
        """Names of the numeric columns."""
        return [self.names[j] for j in _positions(~self.is_categorical)]

    @property
    def indicator_names(self) -> list[str]:
        """Names of the indicators, as scikit-learn's ``MissingIndicator`` makes them."""
        names = self.numeric_names
        return [f"missingindicator_{names[j]}" for j in self.scaler.indicated]

    @property
    def categorical_names(self) -> list[str]:
        """Names of the categorical columns."""
        return [self.names[j] for j in _positions(self.is_categorical)]

    @property
    def category_labels(self) -> dict[str, tuple]:
        """By name of the categorical columns, what the codes from 1 on stand for."""
        labels = (each.labels for each in self.categories)
        return dict(zip(self.categorical_names, labels, strict=True))


def _positions(mask: np.ndarray) -> list[int]:
    return np.flatnonzero(mask).tolist()

"""Tables of all kinds as columns: arrays, lists, dictionaries and data frames."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

#: Types of the missing values of pandas, which is not imported.
_MISSING = {"NAType", "NaTType"}
_MOST_NAMES = 20


class Columns:
    """The columns of a table, by position.

    Parameters
    ----------
    X : array-like, dictionary of columns, list of dictionaries, or data frame
        Of shape (n_samples, n_features); with ``names`` the columns of the last three are found by
        their names, and there may be others.
    names : list of str or None
        Names of the columns of the model.
    n_features : int

    Attributes
    ----------
    n_rows : int

    Raises
    ------
    ValueError, TypeError
        If columns are missing, or if X is not a table with rows.
    """

    def __init__(self, X: Any, names: list[str] | None, n_features: int) -> None:
        self._names, self._array = names, None
        table = _by_name(X, names)
        if table is None:
            self._array = array = _as_array(X)
            self.n_rows, n_columns = array.shape
            self._columns: list[Any] = []
        else:
            self._columns = list(table.values()) if names is None else _found(table, names)
            n_columns = len(self._columns)
            self.n_rows = _common_length(dict(zip(names or table, self._columns, strict=False)))
        if n_columns != n_features:
            raise ValueError(
                f"X has {n_columns} features, but the model was trained on {n_features}."
            )
        if not self.n_rows:
            raise ValueError("X has 0 rows, while a minimum of 1 is required.")

    def label(self, j: int) -> str:
        """The column in a message: its name in quotes, or its position."""
        return str(j) if self._names is None else repr(self._names[j])

    def numbers(self, positions: list[int]) -> np.ndarray:
        """Some columns as an array of real numbers, NaN where a value is missing.

        Returns
        -------
        block : (n_rows, n) array of any real dtype
            It may be a view of the table.
        """
        array = self._array
        if array is not None and array.dtype.kind in "biuf":
            return array if len(positions) == array.shape[1] else array[:, positions]
        block = np.empty((len(positions), self.n_rows))
        for row, j in zip(block, positions, strict=True):
            row[:] = as_numbers(self._column(j), self.label(j))
        return block.T

    def items(self, j: int) -> list:
        """A column as Python's objects."""
        column = self._column(j)
        # pyarrow; pandas and polars; NumPy.
        for method in ("to_pylist", "to_list", "tolist"):
            if hasattr(column, method):
                return getattr(column, method)()
        return list(column)

    def _column(self, j: int) -> Any:
        return self._columns[j] if self._array is None else self._array[:, j]


def _by_name(X: Any, wanted: list[str] | None) -> Mapping[Any, Any] | None:
    """The columns of a table with names, or None. Other keys of records need not be in all."""
    if isinstance(X, Mapping):
        return X
    if hasattr(X, "column_names"):  # pyarrow, where ``columns`` are the columns themselves
        names, column = list(X.column_names), X.column
    elif hasattr(X, "columns"):
        names, column = list(X.columns), X.__getitem__
    elif isinstance(X, list | tuple) and X and all(isinstance(row, Mapping) for row in X):
        known = X[0].keys() if wanted is None else set(wanted)
        return {name: _values(X, name) for name in X[0] if name in known}
    else:
        return None
    if len(set(names)) < len(names):
        repeated = sorted({str(name) for name in names if names.count(name) > 1})
        raise ValueError(f"The names of the columns must differ. Found more than once: {repeated}.")
    return {name: column(name) for name in names}


def _values(rows: Sequence[Mapping], name: Any) -> list:
    try:
        return [row[name] for row in rows]
    except KeyError:
        place = next(i for i, row in enumerate(rows) if name not in row)
        raise ValueError(
            f"Row {place} of X has no value of {name!r}, as row 0 has. Missing values are None."
        ) from None


def _found(table: Mapping[Any, Any], names: list[str]) -> list:
    missing = [name for name in names if name not in table]
    if missing:
        raise ValueError(
            f"X lacks columns that the model was trained on: {_listed(missing)}. It has "
            f"{_listed(table)}."
        )
    return [table[name] for name in names]


def _listed(names: Iterable) -> str:
    shown = [repr(name) for name in names]
    return ", ".join(shown[:_MOST_NAMES]) + ", ..." * (len(shown) > _MOST_NAMES)


def _common_length(table: Mapping[Any, Any]) -> int:
    lengths = {}
    for name, column in table.items():
        if isinstance(column, str | bytes) or not hasattr(column, "__len__"):
            raise TypeError(
                f"Column {name!r} of X must be a sequence of values. Got {column!r}. A single row "
                "is a list of one dictionary."
            )
        lengths[name] = len(column)
    if len(set(lengths.values())) > 1:
        raise ValueError(f"The columns of X must have the same length. Got {lengths}.")
    return next(iter(lengths.values()), 0)


def _as_array(X: Any) -> np.ndarray:
    try:
        array = np.asarray(_filled(X))
    except ValueError as error:
        raise ValueError(f"The rows of X must have the same length: {error}") from error
    if array.dtype.kind in "SUT":
        # NumPy converts the numbers of a mixed list to strings.
        array = np.asarray(X, dtype=object)
    if array.ndim != 2:
        raise ValueError(
            f"Expected 2D array, got {array.ndim}D array instead. Reshape your data: one row for "
            "each sample, one column for each feature."
        )
    if array.dtype.kind == "c":
        raise ValueError(f"Complex data not supported: X is of dtype {array.dtype}.")
    return array


def _filled(X: Any) -> Any:
    """Masked arrays of NumPy with None where they are masked; anything else as it is."""
    return np.where(X.mask, None, X.data) if hasattr(X, "filled") else X


def is_missing(value: Any) -> bool:
    """Whether a value is None, NaN, ``pd.NA`` or ``pd.NaT``."""
    if value is None or type(value).__name__ in _MISSING:
        return True
    try:
        return bool(value != value)
    except (TypeError, ValueError):  # an array, for example
        return False


def as_numbers(column: Any, label: str) -> np.ndarray:
    """A column as an array of real numbers, NaN where a value is missing.

    Parameters
    ----------
    column : sequence, or column of a data frame
        Text is converted as ``float`` does.
    label : str
        The column in a message.

    Raises
    ------
    TypeError, ValueError
        If it does not hold numbers.
    """
    if hasattr(getattr(column, "type", None), "index_type"):  # a dictionary of pyarrow
        column = column.to_pylist()
    values = np.asarray(column.to_numpy() if hasattr(column, "to_numpy") else _filled(column))
    if values.dtype.kind in "biuf" and values.ndim == 1:
        return values
    if values.dtype.kind == "c":
        raise ValueError(f"Complex data not supported: column {label} holds complex numbers.")
    if values.dtype.kind in "mM":
        if np.isnat(values).all():
            return np.full(len(values), np.nan)
        raise TypeError(f"Column {label} must be numeric, but holds dates or times.")
    try:
        return np.array([np.nan if is_missing(v) else float(v) for v in values.tolist()])
    except (TypeError, ValueError, OverflowError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"Column {label} must be numeric, but: {error}.") from error

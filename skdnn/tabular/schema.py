"""Kinds of the columns of a table, numeric or categorical, for every kind of table.

The dtype of a column decides. For dtype ``object`` the values decide.
"""

from __future__ import annotations

import re
from datetime import date, time, timedelta
from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd

from skdnn._dtypes import ACCUMULATOR

DATES = (date, time, timedelta, np.datetime64, np.timedelta64, pd.Period)
COMPLEX = (complex, np.complexfloating)
BOOLS = (bool, np.bool_)

#: Up to this number of rows, columns of numbers are converted together.
_FEW_ROWS = 100

_ACCEPTED = "an array-like of bool, int or str, or 'from_dtype', or None"


class Columns:
    """The columns of a table, by position.

    Parameters
    ----------
    X : array-like or data frame of shape (n_samples, n_features)
        pandas, polars, pyarrow, or what has named columns with ``to_numpy()``. Never written to.
    rows : (n_samples,) bool array, default=None
        Mask of the rows to use; None is all.

    Attributes
    ----------
    names : list or None
        Names of the columns of a data frame.
    n_columns : int
    n_rows : int
        Number of these rows.

    Raises
    ------
    ValueError
        If two columns have the same name, if an array does not have two dimensions, or if it holds
        complex numbers.
    """

    def __init__(self, X: Any, rows: np.ndarray | None = None) -> None:
        X = X.to_native() if hasattr(X, "to_native") else X  # narwhals
        self._table, self._rows = X, rows
        self.names = column_names(X)
        if self.names is None:
            self._table = X = _as_array(X)
        else:
            check_unique(self.names)
        self._arrays = _column_arrays(X) if isinstance(X, pd.DataFrame) else None
        self.n_columns = X.shape[1]
        self.n_rows = X.shape[0] if rows is None else int(np.count_nonzero(rows))

    @property
    def is_numeric_array(self) -> bool:
        """Whether the table is an array of numbers (or of bool)."""
        return self.names is None and self._table.dtype.kind in "biuf"

    def label(self, index: int) -> str:
        """The column in a message: its name in quotes, or its position."""
        return str(index) if self.names is None else repr(self.names[index])

    def __getitem__(self, index: int) -> Any:
        """A column: a one-dimensional NumPy or pandas array."""
        if self._arrays is not None:
            values: Any = _values(self._arrays[index])
        elif hasattr(self._table, "column_names"):
            values = _values(_arrow_series(self._table.column(index)).array)
        elif self.names is not None:
            values = np.asarray(self._table[self.names[index]].to_numpy())
        else:
            values = self._table[:, index]
        if values.ndim != 1:
            raise TypeError(f"Column {self.label(index)} holds arrays of shape {values.shape[1:]}.")
        return values if self._rows is None else values[self._rows]

    def numbers(self, indices: list[int]) -> np.ndarray:
        """Some columns as an array of real numbers.

        Parameters
        ----------
        indices : list of int

        Returns
        -------
        block : (n_rows, n) array of any real dtype
            Missing values are NaN. It may be a view of the table: do not write to it.
        """
        if self.is_numeric_array:
            block = self._table
            if len(indices) != self.n_columns:
                block = block[:, indices]
            return block if self._rows is None else block[self._rows]
        if self.n_rows <= _FEW_ROWS:
            columns = [self[index] for index in indices]
            if all(_holds_plain_numbers(each) for each in columns):
                return np.array(columns).reshape(len(columns), self.n_rows).T
        block = np.empty((len(indices), self.n_rows), dtype=ACCUMULATOR)
        for row, index in zip(block, indices, strict=True):
            row[:] = as_numbers(self[index], self.label(index))
        return block.T


def _column_arrays(X: pd.DataFrame) -> list[Any]:
    """All columns as arrays: a series for each takes longer than the prediction of a row."""
    columns = getattr(X, "_iter_column_arrays", None)  # not public, but since pandas 1
    if columns is not None:
        return list(columns())
    return [series.array for _, series in X.items()]


def _holds_plain_numbers(values: Any) -> bool:
    return isinstance(values, np.ndarray) and values.dtype.kind in "iuf"


def _values(array: Any) -> Any:
    dtype = array.dtype
    if isinstance(dtype, (np.dtype, pd.SparseDtype)):
        return np.asarray(array)
    if isinstance(dtype, pd.ArrowDtype) and hasattr(dtype.pyarrow_dtype, "index_type"):
        # Only the values that occur: a dictionary may hold many more.
        return array.astype(pd.ArrowDtype(dtype.pyarrow_dtype.value_type))
    return array


def _arrow_series(column: Any) -> pd.Series:
    # pyarrow's own ``to_numpy`` fills in a category where one is missing.
    if not hasattr(column.type, "index_type"):
        return column.to_pandas()
    return column.cast(column.type.value_type).to_pandas().astype("category")


def column_names(X: Any) -> list | None:
    """Names of the columns of a table; None if it has none."""
    if hasattr(X, "column_names"):  # pyarrow, where ``columns`` are the columns themselves
        return list(X.column_names)
    if isinstance(X, pd.DataFrame):
        return X.columns.tolist()
    return list(X.columns) if hasattr(X, "columns") else None


def _as_array(X: Any) -> np.ndarray:
    array = np.asarray(X)
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


def check_unique(names: list) -> None:
    """Raise ValueError if a name of a column occurs more than once."""
    if len(set(names)) < len(names):
        repeated = sorted({str(name) for name in names if names.count(name) > 1})
        raise ValueError(f"The names of the columns must differ. Found more than once: {repeated}.")


# -------------------------------------------------------------------------------------------------
# Kinds of columns
# -------------------------------------------------------------------------------------------------


def holds_categories(values: Any, label: str) -> bool:
    """Whether a column is categorical; otherwise it is numeric.

    Parameters
    ----------
    values : one-dimensional NumPy or pandas array
        Categorical, string and bool dtypes are categorical. A column of dtype object is numeric if
        all values are numbers, and categorical if all are bool.
    label : str
        The column in a message.

    Raises
    ------
    TypeError
        If it holds dates or time differences, or values that are not hashable, such as lists.
    ValueError
        If it holds complex numbers.
    """
    dtype = values.dtype
    if isinstance(dtype, (pd.CategoricalDtype, pd.StringDtype)):
        return True
    _check_dtype(dtype, label)
    if dtype.kind != "O":
        return dtype.kind in "bSU"
    types = _checked_types(values, label)
    return all(issubclass(t, BOOLS) for t in types) or not all(
        issubclass(t, (Real, Decimal, np.bool_)) for t in types
    )


def as_numbers(values: Any, label: str) -> np.ndarray:
    """A column as an array of real numbers, NaN where a value is missing.

    Parameters
    ----------
    values : one-dimensional NumPy or pandas array
        Strings and objects are converted as ``float`` does.
    label : str
        The column in a message.

    Raises
    ------
    TypeError, ValueError
        If it does not hold numbers.
    """
    dtype = values.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        # Only the categories that occur: there may be many more.
        codes, uniques = pd.factorize(values)
        numbers = as_numbers(uniques.categories.array[uniques.codes], label).astype(ACCUMULATOR)
        return np.append(numbers, np.nan)[codes]  # -1, the last, is missing
    _check_dtype(dtype, label)
    if dtype.kind in "biuf":
        if isinstance(values, np.ndarray):
            return values
        return values.to_numpy(dtype=ACCUMULATOR, na_value=np.nan)
    values = np.asarray(values, dtype=object)
    _checked_types(values, label)
    present = ~pd.isna(values)
    numbers = np.full(values.shape, np.nan, dtype=ACCUMULATOR)
    try:
        numbers[present] = values[present].astype(ACCUMULATOR)
    except (TypeError, ValueError, OverflowError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(
            f"Column {label} must be numeric, but: {error}.{comma_hint(error)} For categorical "
            "columns see categorical_features."
        ) from error
    return numbers


def comma_hint(error: Exception) -> str:
    """What to do about a decimal comma, if text with one could not be converted; or nothing."""
    comma = re.search(r"float: .*'[^']*\d,\d", str(error))
    return " Numbers are written with a point: replace the decimal comma." if comma else ""


def _check_dtype(dtype: Any, label: str) -> None:
    if dtype.kind == "c":
        raise _complex_error(label)
    if dtype.kind in "mM":
        raise _date_error(label, str(dtype))
    if dtype.kind not in "biufSUO":
        raise TypeError(f"Column {label} is of dtype {dtype}, neither numbers nor categories.")


def _checked_types(values: Any, label: str) -> set[type]:
    """Types of the values that are not missing; raises for those that no column may hold."""
    values = np.asarray(values, dtype=object)
    types = set(map(type, values[~pd.isna(values)]))
    for found in sorted(types, key=lambda t: t.__name__):
        if issubclass(found, COMPLEX):
            raise _complex_error(label)
        if issubclass(found, DATES):
            raise _date_error(label, found.__name__)
        if found.__hash__ is None:
            raise TypeError(
                f"Column {label}: the argument must be a string or a number, not "
                f"{found.__name__!r}."
            )
    return types


def _complex_error(label: str) -> ValueError:
    return ValueError(f"Complex data not supported: column {label} holds complex numbers.")


def _date_error(label: str, found: str) -> TypeError:
    return TypeError(
        f"Column {label} holds dates or times ({found}), which are neither numbers nor categories. "
        "Convert it to numbers, such as days since the first date, (X[c] - X[c].min()) / "
        "pd.Timedelta(days=1), or parts of the date, X[c].dt.month and X[c].dt.dayofweek; or treat "
        "each value as a category with categorical_features or astype('category')."
    )


# -------------------------------------------------------------------------------------------------
# The parameter categorical_features
# -------------------------------------------------------------------------------------------------


def resolve_categorical(columns: Columns, categorical_features: Any) -> np.ndarray:
    """Mask of the categorical columns, by the parameter ``categorical_features``.

    Parameters
    ----------
    columns : Columns
    categorical_features : "from_dtype", None, or array-like of bool, int or str
        - "from_dtype": by ``holds_categories``: columns of categorical dtype, as in scikit-learn's
          histogram gradient boosting, and also of strings, of bool, and of objects that are not
          all numbers. The columns of a numeric array, or of an array of bool, are numeric.
        - None: none.
        - bool: a mask, one value for each column.
        - int: positions.
        - str: names.

    Returns
    -------
    is_categorical : (n_columns,) bool array

    Raises
    ------
    TypeError
        If a column is neither numeric nor categorical; with "from_dtype".
    ValueError
        If ``categorical_features`` is something else or names unknown columns.
    """
    n_columns = columns.n_columns
    if categorical_features is None:
        return np.zeros(n_columns, dtype=bool)
    if isinstance(categorical_features, str) and categorical_features == "from_dtype":
        if columns.is_numeric_array:
            return np.zeros(n_columns, dtype=bool)
        found = [holds_categories(columns[j], columns.label(j)) for j in range(n_columns)]
        return np.array(found, dtype=bool)
    given = np.asarray(categorical_features)
    if given.ndim != 1:
        raise ValueError(
            f"categorical_features must be {_ACCEPTED}, got: {categorical_features!r}."
        )
    is_categorical = np.zeros(n_columns, dtype=bool)
    if given.size:
        is_categorical[_positions(given, columns)] = True
    return is_categorical


def _positions(given: np.ndarray, columns: Columns) -> np.ndarray:
    """An index of the columns, from names, positions or a mask."""
    types = {type(item) for item in given} if given.dtype.kind == "O" else set()
    if given.dtype.kind not in "biuUO" or not types <= {str}:
        names = ", ".join(sorted(t.__name__ for t in types)) or given.dtype.name
        raise ValueError(f"categorical_features must be {_ACCEPTED}, got: {names}.")
    if given.dtype.kind in "UO":
        return _positions_of_names(given, columns.names)
    if given.dtype.kind == "b":
        if given.size != columns.n_columns:
            raise ValueError(
                "categorical_features set as a boolean mask must have shape (n_features,) = "
                f"({columns.n_columns},), got: {given.shape}"
            )
    elif given.max() >= columns.n_columns or given.min() < 0:
        raise ValueError(
            "categorical_features set as integer indices must be in [0, n_features - 1] = "
            f"[0, {columns.n_columns - 1}], got: {given.tolist()}"
        )
    return given


def _positions_of_names(given: np.ndarray, names: list | None) -> np.ndarray:
    if names is None:
        raise ValueError(
            "categorical_features should be passed as an array of integers or as a boolean mask "
            f"when the model is fitted on data without feature names, got: {given.tolist()}"
        )
    for name in given:
        if name not in names:
            raise ValueError(
                f"categorical_features has an item value '{name}' which is not a valid feature "
                f"name of the training data. Observed feature names: {names}"
            )
    return np.array([names.index(name) for name in given])

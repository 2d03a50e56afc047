"""Columns of categories to codes, and codes to dense columns.

Code 0 is what training has not seen. The categories that it has seen are 1, 2, ... in sorted order.
If values were missing in training, missing is one more category, the last; otherwise a missing
value is unknown as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd

from skdnn._dtypes import CODE


@dataclass(frozen=True)
class Categories:
    """The categories of a column.

    Attributes
    ----------
    values : tuple
        Those seen in training, sorted; ``values[i]`` has code ``i + 1``.
    has_missing : bool
        Whether values were missing in training: these have code ``len(values) + 1``.
    """

    values: tuple
    has_missing: bool

    @property
    def n_codes(self) -> int:
        """Number of codes above 0."""
        return len(self.values) + self.has_missing

    @property
    def labels(self) -> tuple:
        """What the codes from 1 on stand for; None is missing."""
        return (*self.values, None) if self.has_missing else self.values


def find_categories(values: Any, label: str) -> Categories:
    """The categories of a column of training rows.

    Parameters
    ----------
    values : one-dimensional NumPy or pandas array
        Missing are None, NaN, ``pd.NA`` and ``pd.NaT``.
    label : str
        The column in a message.

    Raises
    ------
    TypeError
        If a value cannot be compared for equality in a table (it is not hashable).
    """
    codes, uniques = _factorize(values, label)
    # The categories of pandas' dtype need not all occur.
    occurs = np.bincount(codes + 1, minlength=len(uniques) + 1) > 0
    seen = [value for value, found in zip(uniques, occurs[1:], strict=True) if found]
    return Categories(tuple(sorted(seen, key=_sort_key)), bool(occurs[0]))


def encode(categories: Categories, values: Any, label: str) -> np.ndarray:
    """Codes of a column.

    Parameters
    ----------
    categories : Categories
        Equal values have the same code, whatever their dtype: 1 and 1.0.
    values : one-dimensional NumPy or pandas array
    label : str
        The column in a message.

    Returns
    -------
    codes : (n,) int32 array
    """
    codes, uniques = _factorize(values, label)
    known = dict(zip(categories.values, range(1, len(categories.values) + 1), strict=True))
    table = np.empty(len(uniques) + 1, dtype=CODE)
    table[:-1] = [known.get(value, 0) for value in uniques]
    table[-1] = categories.n_codes if categories.has_missing else 0
    return table[codes]  # -1, the last, is missing


def _factorize(values: Any, label: str) -> tuple[np.ndarray, list]:
    """Numbers of the distinct values of a column, -1 for missing, and these as Python objects."""
    if values.dtype.kind == "c":
        raise ValueError(f"Complex data not supported: column {label} holds complex numbers.")
    if isinstance(values.dtype, pd.CategoricalDtype):
        return values.codes, values.categories.tolist()
    if values.dtype.kind in "mM":
        values = pd.array(values)  # whose items are dates; NumPy's would be integers
    try:
        codes, uniques = pd.factorize(values)
    except TypeError as error:
        raise TypeError(f"Column {label} cannot hold categories: {error}.") from error
    return codes, uniques.tolist()


def _sort_key(value: Any) -> tuple:
    """Numbers by value, then all others by type and text: comparable, whatever is mixed."""
    if isinstance(value, (Real, np.bool_)):
        return "", value, ""
    name = "str" if isinstance(value, str) else type(value).__name__
    return name, 0, str(value)


# -------------------------------------------------------------------------------------------------
# Dense columns
# -------------------------------------------------------------------------------------------------


def one_hot_widths(n_codes: Sequence[int]) -> list[int]:
    """Numbers of columns that ``one_hot`` makes of each column of codes.

    A constant column says nothing: it makes none, so that an unknown value changes nothing either.

    Parameters
    ----------
    n_codes : sequence of int
        Of each column, codes above 0.
    """
    return [0 if n == 1 else 1 if n == 2 else n for n in n_codes]


def one_hot(codes: np.ndarray, n_codes: Sequence[int], dtype: Any = np.float32) -> np.ndarray:
    """Dense columns of codes.

    Parameters
    ----------
    codes : (n_samples, n_columns) int array
    n_codes : sequence of n_columns int
        Of each column, codes above 0.
    dtype : dtype, default=np.float32

    Returns
    -------
    dense : (n_samples, sum of one_hot_widths(n_codes)) array
        Of two categories one column: -1 for the first, 1 for the second. Of more, one column each:
        1 for this category. Unknown values are 0 in all columns.
    """
    widths = one_hot_widths(n_codes)
    dense = np.zeros((codes.shape[0], sum(widths)), dtype=dtype)
    start = 0
    for column, width in zip(codes.T, widths, strict=True):
        if width == 1:
            dense[:, start] = np.array([0, -1, 1], dtype=dtype)[column]
        elif width:
            rows = np.flatnonzero(column)
            dense[rows, start - 1 + column[rows]] = 1
        start += width
    return dense


def one_hot_names(names: Sequence[str], categories: Sequence[Categories]) -> list[str]:
    """Names of the columns that ``one_hot`` makes: ``column_category``.

    Parameters
    ----------
    names : sequence of str
        Of the columns.
    categories : sequence of Categories
        Of the same columns. The one column of two categories is named by the second.
    """
    result = []
    for name, each in zip(names, categories, strict=True):
        width = one_hot_widths([each.n_codes])[0]
        labels = each.labels[-width:] if width else ()
        result += [f"{name}_{label}" for label in labels]
    return result

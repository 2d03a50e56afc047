"""Columns of categories to codes.

Code 0 is what training has not seen. The categories that it has seen are 1, 2, ... in sorted order;
those that later calls of ``partial_fit`` bring follow.
If values were missing in training, missing is one more category, the last; otherwise a missing
value is unknown as well.
"""

from __future__ import annotations

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
        Those seen in training; ``values[i]`` has code ``i + 1``.
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


def extended(categories: Categories, values: Any, label: str, room: float) -> Categories:
    """Categories with those that more rows have.

    Parameters
    ----------
    categories : Categories
    values : one-dimensional NumPy or pandas array
    label : str
        The column in a message.
    room : int or inf
        As many codes above 0 there may be. What comes later is unknown.

    Returns
    -------
    categories : Categories
        Those known keep their codes, but missing, which is the last one; these, if none is new.
    """
    found = find_categories(values, label)
    has_missing = categories.has_missing or (found.has_missing and categories.n_codes < room)
    left = int(min(room - len(categories.values) - has_missing, len(found.values)))
    known = set(categories.values)
    new = [value for value in found.values if value not in known][: max(0, left)]
    if not new and has_missing == categories.has_missing:
        return categories
    return Categories((*categories.values, *new), has_missing)


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

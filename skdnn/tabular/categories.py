"""Ordinal encoding of categorical columns.

The categories of the training rows have the codes 1, 2, ... in sorted order, followed by those that
are new in later calls of ``partial_fit``. Missing values have the last code if there are any in
training. Unknown categories have code 0, and so have missing values if there are none in training.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd

from skdnn._dtypes import CODE

#: Up to this number of rows pandas' overhead is larger than the work.
_FEW_ROWS = 8


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
        """Categories of the codes from 1 on; None is missing."""
        return (*self.values, None) if self.has_missing else self.values

    @cached_property
    def known(self) -> dict[Any, int]:
        """Codes of the values; cached, so that a single row is encoded fast."""
        return {value: code for code, value in enumerate(self.values, start=1)}

    @cached_property
    def kinds(self) -> set[str]:
        """Kinds of the values, such as "number" and "str"."""
        return set(map(kind_of, self.values))

    def __getstate__(self) -> dict[str, Any]:
        """The state without cached properties."""
        return {each.name: getattr(self, each.name) for each in fields(self)}


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
        If a value is not hashable.
    """
    codes, uniques = factorize(values, label)
    return Categories(tuple(sorted(uniques, key=_sort_key)), bool((codes < 0).any()))


def extended(categories: Categories, values: Any, label: str, room: float) -> Categories:
    """Categories extended by those of more rows.

    Parameters
    ----------
    categories : Categories
    values : one-dimensional NumPy or pandas array
    label : str
        The column in a message.
    room : int or inf
        Maximum number of codes above 0. Further categories are unknown.

    Returns
    -------
    categories : Categories
        Known categories keep their codes, except missing, which is the last. The same object if
        there is nothing new.
    """
    found = find_categories(values, label)
    has_missing = categories.has_missing or (found.has_missing and categories.n_codes < room)
    left = int(min(room - len(categories.values) - has_missing, len(found.values)))
    new = [value for value in found.values if value not in categories.known][: max(0, left)]
    if not new and has_missing == categories.has_missing:
        return categories
    return Categories((*categories.values, *new), has_missing)


def encode(categories: Categories, values: Any, label: str) -> np.ndarray:
    """Codes of a column.

    Parameters
    ----------
    categories : Categories
        Equal values have the same code, whatever their dtype, such as 1 and 1.0.
    values : one-dimensional NumPy or pandas array
    label : str
        The column in a message.

    Returns
    -------
    codes : (n,) int32 array
    """
    codes, uniques = factorize(values, label)
    table = [categories.known.get(value, 0) for value in uniques]
    table.append(categories.n_codes if categories.has_missing else 0)
    return np.array(table, dtype=CODE)[codes]  # -1, the last, is missing


def factorize(values: Any, label: str) -> tuple[np.ndarray, list]:
    """Codes of the values of a column, -1 for missing, and the distinct values."""
    if values.dtype.kind == "c":
        raise ValueError(f"Complex data not supported: column {label} holds complex numbers.")
    if values.dtype.kind in "mM":
        values = pd.array(values)  # whose items are dates; NumPy's would be integers
    try:
        if len(values) <= _FEW_ROWS:
            return _factorize_few(values)
        codes, uniques = pd.factorize(values)
    except TypeError as error:
        raise TypeError(f"Column {label} cannot hold categories: {error}.") from error
    return codes, uniques.tolist()


def _factorize_few(values: Any) -> tuple[np.ndarray, list]:
    """As ``pandas.factorize``, which takes as long for one row as for a thousand."""
    found: dict[Any, int] = {}
    codes = [-1 if item is None else found.setdefault(item, len(found)) for item in _items(values)]
    return np.array(codes, dtype=np.intp), list(found)


def _items(values: Any) -> list:
    """Python objects, None where a value is missing."""
    items: Any
    if isinstance(values, pd.Categorical):
        # pandas takes several times as long for ``values[i]``.
        categories, missing = values.categories, values.codes < 0
        items = [None if code < 0 else categories[code] for code in values.codes.tolist()]
    else:
        items, missing = values, pd.isna(values)
        if isinstance(values, np.ndarray):
            items = values.tolist()
    return [
        None if is_missing else item.item() if isinstance(item, np.generic) else item
        for item, is_missing in zip(items, missing.tolist(), strict=True)
    ]


def kind_of(value: Any) -> str:
    """The name of the type of a value; one name for all numbers, since 1 equals True."""
    if isinstance(value, (Real, np.bool_)):
        return "number"
    return "str" if isinstance(value, str) else type(value).__name__


def _sort_key(value: Any) -> tuple:
    """Sorts numbers by value, then all others by type and text."""
    kind = kind_of(value)
    return ("", value, "") if kind == "number" else (kind, 0, str(value))

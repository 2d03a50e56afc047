"""Conversion of targets and weights of any dtype and library to plain arrays."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from numbers import Integral, Real
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import issparse

from skdnn._sklearn import check_sample_weight
from skdnn.estimators._tables import in_memory
from skdnn.tabular.schema import BOOLS, COMPLEX, DATES, comma_hint

#: Largest logarithm of an exposure.
MOST_OFFSET = 100


def as_labels(y: Any, name: str = "y") -> Any:
    """Class labels as an array of bool, integers, floats or text, with their exact values.

    Parameters
    ----------
    y : array-like
        Of one dimension, or of two for several outputs. Objects are what they hold: all bool,
        all whole numbers, or numbers, or text.
    name : str
        In messages.

    Raises
    ------
    ValueError
        If a label is missing, or is neither a number nor text.
    """
    y = complete_array(y, name)
    if y is None or issparse(y) or y.dtype.kind != "O":
        return y
    types = set(map(type, y.flat))
    if all(issubclass(t, str) for t in types):
        return y
    if all(issubclass(t, BOOLS) for t in types):
        return y.astype(bool)
    if all(issubclass(t, (Integral, np.bool_)) for t in types):
        return _whole_numbers(y, name)
    if all(issubclass(t, (Real, Decimal, np.bool_)) for t in types):
        return y.astype(np.float64)
    names = ", ".join(sorted(t.__name__ for t in types))
    raise ValueError(
        f"Unknown label type: {name} holds objects of type {names}. Labels must be all numbers, "
        f"all bool or all text. Convert others to text, for example with {name}.astype(str)."
    )


def _whole_numbers(y: np.ndarray, name: str) -> np.ndarray:
    least, largest = min(y.flat), max(y.flat)
    for dtype in (np.int64, np.uint64):
        if np.iinfo(dtype).min <= least and largest <= np.iinfo(dtype).max:
            return y.astype(dtype)
    raise ValueError(
        f"Labels of {name} are whole numbers beyond 64 bits, from {least} to {largest}: make text "
        f"of them, as with {name}.astype(str)."
    )


def as_numbers(y: Any, name: str = "y") -> Any:
    """Numbers to predict, or weights, as an array of a real dtype.

    Parameters
    ----------
    y : array-like
        Text and objects are converted as ``float`` does.
    name : str
        In messages.

    Raises
    ------
    TypeError
        If it holds dates or times, or objects that are not numbers.
    ValueError
        If a value is missing, if text is no number, or if numbers are complex.
    """
    y = complete_array(y, name)
    if issparse(y):
        raise TypeError(f"{name} is sparse, but numbers to predict are dense: {name}.toarray().")
    if y is None or y.dtype.kind in "iufc":
        return y  # what is left to refuse, scikit-learn does
    types = set(map(type, y.flat)) if y.dtype.kind == "O" else {y.dtype.type}
    for found in types:
        if issubclass(found, DATES):
            raise _times_error(name, found)
        if issubclass(found, COMPLEX):
            raise ValueError(f"Complex data not supported: {name} holds complex numbers.")
    try:
        numbers = y.astype(np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        error_type = TypeError if isinstance(error, TypeError) else ValueError
        reason = re.sub(r"np\.\w+\((.*)\)$", r"\1", str(error))  # without NumPy's type
        raise error_type(
            f"Input {name} must be numeric, but: {reason}.{comma_hint(error)}"
        ) from error
    return complete_array(numbers, name)  # text can say "nan"


def _times_error(name: str, found: type) -> TypeError:
    if issubclass(found, (timedelta, np.timedelta64)):
        how = f"{name}.dt.total_seconds()"
    else:
        how = f"({name} - {name}.min()).dt.total_seconds()"
    return TypeError(
        f"Input {name} holds dates or times ({found.__name__}), not numbers. Make numbers of them "
        f"in a unit of your choice: {how} are seconds."
    )


def complete_array(y: Any, name: str) -> Any:
    """A NumPy array of y, or a sparse one by rows; None as it is.

    Raises
    ------
    ValueError
        If it is a scalar or ragged, or if a value is missing: None, NaN, NA, NaT, or masked.
    """
    y = in_memory(y, name)
    if y is None:
        return y
    if issparse(y):
        return y.tocsr()  # of blocks and diagonals scikit-learn's metrics cannot take rows
    try:
        array = np.asarray(y)
    except ValueError as error:  # rows of different lengths
        raise ValueError(f"Input {name}: {error}") from error
    if array.ndim == 0:
        raise ValueError(f"{name} should be a 1d array, an item for each row. Got {y!r:.100}.")
    if array.dtype.kind == "T" or (array.dtype.kind in "SU" and isinstance(y, list | tuple)):
        # Of a list with text NumPy makes text of everything, also of what is missing.
        array = np.asarray(y, dtype=object)
    missing = pd.isna(array) if array.dtype.kind in "fcmMO" else np.zeros(1, dtype=bool)
    if not missing.any():
        return array
    rows = np.flatnonzero(missing.reshape(array.shape[0], -1).any(axis=1))
    raise ValueError(
        f"Input {name} contains NaN: it is missing (None, NaN, NA, NaT or masked) in {rows.size} "
        f"of {array.shape[0]} rows, the first is row {rows[0]}. Leave these rows out."
    )


def check_offset(offset: Any, n_rows: int, name: str = "offset") -> np.ndarray | None:
    """Validated offsets in float64, or None.

    Raises
    ------
    ValueError
        If there is not one for each row, or if one is missing or so large that its exponential is
        beyond the range of the targets.
    """
    if offset is None:
        return None
    offset = as_numbers(offset, name).astype(np.float64)
    offset = offset[:, 0] if offset.ndim == 2 and offset.shape[1] == 1 else offset
    if offset.shape != (n_rows,):
        raise ValueError(
            f"{name} must have one number for each of the {n_rows} rows. Got an array of shape "
            f"{offset.shape}."
        )
    largest = np.abs(offset).max(initial=0)
    if not largest <= MOST_OFFSET:
        raise ValueError(
            f"{name} is a logarithm, from -{MOST_OFFSET} to {MOST_OFFSET}. Got {largest:g}: of an "
            f"exposure take np.log."
        )
    return offset


def check_weights(sample_weight: Any, X: Any, name: str = "sample_weight") -> np.ndarray | None:
    """Validated sample weights in float64, or None.

    Raises
    ------
    ValueError
        If a weight is missing, negative or infinite, if their number is not that of the rows,
        or if all are zero.
    """
    if sample_weight is None:
        return None
    if not isinstance(sample_weight, Real):
        sample_weight = as_numbers(sample_weight, name)
    try:
        weights = check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
        if not weights.any():
            raise ValueError(
                "Sample weights must contain at least one non-zero weight; all are zero."
            )
    except ValueError as error:
        if name == "sample_weight":
            raise
        raise ValueError(f"{name}: {error}") from error
    return weights

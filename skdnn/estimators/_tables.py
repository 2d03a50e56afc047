"""Kinds of X (data frames, arrays, sparse and lazy data) and their validation."""

from __future__ import annotations

from collections.abc import Iterator
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import issparse
from sklearn.utils import check_array, check_consistent_length

from skdnn._sklearn import check_y, has_known_names, validate_data
from skdnn.tabular.schema import Columns, check_unique, column_names, resolve_categorical
from skdnn.training.data import checked_sparse

#: Methods of lazy data that load it: Spark, Dask and xarray, polars and narwhals.
_COMPUTES = ("toPandas", "compute", "collect")


def in_memory(X: Any, name: str = "X") -> Any:
    """Load lazy data and make masked values missing; for X, y and weights.

    Parameters
    ----------
    X : object
        Anything else is returned unchanged.
    name : str
        In messages.

    Raises
    ------
    TypeError
        If it is a structured array, an iterator, a dict, or dicts instead of rows.
    """
    if issparse(X):
        # SciPy trusts the indices when it changes the format.
        return checked_sparse(X)
    if (type(X) is np.ndarray and X.dtype.names is None) or type(X) is pd.DataFrame:
        return X
    # Of the type: a column of a data frame can have any name.
    if hasattr(type(X), "to_native"):  # narwhals
        X = X.to_native()
    for method in _COMPUTES:
        if callable(getattr(type(X), method, None)):
            X = getattr(X, method)()
            break
    first = X[0] if isinstance(X, list | tuple) and X else X
    if isinstance(first, dict | Iterator) or getattr(getattr(X, "dtype", None), "names", None):
        kind = "structured array" if isinstance(X, np.ndarray) else type(X).__name__
        of_what = "" if first is X else f" of {type(first).__name__}s"
        raise TypeError(
            f"{name} is a {kind}{of_what}, but must be an array or a data frame. Convert it, for "
            f"example with pd.DataFrame({name})."
        )
    return _missing_where_masked(X) if isinstance(X, np.ma.MaskedArray) else X


def _missing_where_masked(X: Any) -> np.ndarray:
    if not np.ma.getmaskarray(X).any():
        return X.data
    kind = X.dtype.kind
    if kind in "mM":
        return X.filled(np.array("NaT", X.dtype))
    if kind in "biuSUT":
        X = X.astype(np.float64 if kind in "biu" else object)
    return X.filled(np.nan)


def is_table(X: Any) -> bool:
    """Whether X is a data frame or an array that is not numeric."""
    if issparse(X):
        return False
    if hasattr(X, "columns") or hasattr(X, "column_names") or hasattr(X, "__dataframe__"):
        return True
    if isinstance(X, list | tuple):
        try:
            X = np.asarray(X)
        except ValueError:  # rows of different lengths: scikit-learn says so
            return False
    kind = getattr(getattr(X, "dtype", None), "kind", None)
    return kind in ("O", "U", "S", "T", "m", "M") and X.ndim == 2


def x_format(X: Any) -> dict[str, Any]:
    """Arguments of ``validate_data`` for an X that is not a table.

    Infinite values of dense arrays are found later, so that the message can name the column.
    """
    dtypes = (np.float64, np.float32)
    return {"accept_sparse": "csr", "dtype": dtypes, "ensure_all_finite": issparse(X)}


def validate_table(estimator: Any, X: Any, *, reset: bool) -> Any:
    """Check the number of columns, their names, and that there are rows."""
    shape = getattr(X, "shape", None)
    if shape is None and (hasattr(X, "__array__") or isinstance(X, list | tuple)):
        X = np.asarray(X, dtype=object)
    elif not isinstance(shape, tuple) or not all(isinstance(n, Integral) for n in shape):
        raise TypeError(
            f"X is of type {type(X).__module__}.{type(X).__name__}, which is not a table in "
            "memory. Convert it first, for example with X.to_pandas()."
        )
    if len(X.shape) != 2:
        check_array(X, dtype=None)  # raises scikit-learn's error
    if reset or not has_known_names(estimator, X):
        check_unique(column_names(X) or [])  # the libraries of data frames have other messages
        validate_data(estimator, X, reset=reset, skip_check_array=True)
    name = type(estimator).__name__
    for n, what in zip(X.shape, ("sample(s)", "feature(s)"), strict=True):
        if n < 1:
            raise ValueError(
                f"Found array with {n} {what} (shape={tuple(X.shape)}) while a minimum of 1 is "
                f"required by {name}."
            )
    return X


def rows_to_fit(estimator: Any, X: Any, y: Any, *, reset: bool) -> tuple[Any, np.ndarray]:
    """Validate rows and their targets; ``reset`` as in ``validate_data``."""
    X = in_memory(X)
    if not is_table(X):
        options = x_format(X)
        return validate_data(estimator, X, y, reset=reset, multi_output=True, **options)
    X, y = validate_table(estimator, X, reset=reset), check_y(y, multi_output=True)
    check_consistent_length(X, y)
    return X, y


def rows_to_predict(estimator: Any, X: Any) -> Any:
    """Validate rows, which must have the columns that the estimator was fitted with."""
    X = in_memory(X)
    if is_table(X):
        return validate_table(estimator, X, reset=False)
    return validate_data(estimator, X, reset=False, **x_format(X))


def needs_encoding(X: Any, categorical_features: Any) -> bool:
    """Whether dense X has categories or missing values."""
    by_dtype = categorical_features is None or isinstance(categorical_features, str)
    if by_dtype and not is_table(X):
        return bool(np.isnan(X).any())
    columns = Columns(X)
    is_categorical = resolve_categorical(columns, categorical_features)
    if is_categorical.any():
        return True
    return bool(np.isnan(columns.numbers(list(range(columns.n_columns)))).any())


def as_plain(estimator: Any, X: Any) -> Any:
    """A numeric array for a network without encoding; all values must be finite."""
    if issparse(X):
        return X
    if is_table(X):
        columns = Columns(X)
        indices = range(columns.n_columns)
        all_float32 = all(columns[j].dtype == np.float32 for j in indices)
        dtype = np.float32 if all_float32 else np.float64
        X = columns.numbers(list(indices)).astype(dtype, copy=False)
    with np.errstate(over="ignore", invalid="ignore"):
        total = X.sum()
    if np.isfinite(total) or np.isfinite(X).all():
        return X
    bad = ~np.isfinite(X)
    column = int(np.flatnonzero(bad.any(axis=0))[0])
    what = "NaN" if np.isnan(X[:, column]).any() else "infinity"
    names = getattr(estimator, "feature_names_in_", None)
    label = column if names is None else repr(names[column])
    hint = ""
    if what == "NaN":
        hint = f" {type(estimator).__name__} was fitted without missing values."
    raise ValueError(f"Input X contains {what} in column {label}.{hint}")

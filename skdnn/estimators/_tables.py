"""What a user gives as X: which of the kinds it is, and scikit-learn's checks of each."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.utils import check_array

from skdnn.estimators._sklearn import validate_data
from skdnn.tabular.schema import Columns, resolve_categorical


def is_table(X: Any) -> bool:
    """Whether X is more than an array of numbers: a data frame, or an array of other things."""
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
    return kind in ("O", "U", "S", "T") and X.ndim == 2


def x_format(X: Any) -> dict[str, Any]:
    """How ``validate_data`` shall check an X that is no table.

    Infinite numbers of dense ones are found later, by column.
    """
    dtypes = (np.float64, np.float32)
    return {"accept_sparse": "csr", "dtype": dtypes, "ensure_all_finite": issparse(X)}


def validate_table(estimator: Any, X: Any, *, reset: bool) -> Any:
    """Check the number of columns, their names, and that there are rows."""
    if not hasattr(X, "shape"):
        X = np.asarray(X, dtype=object)
    if len(X.shape) != 2:
        check_array(X, dtype=None)  # which says what is expected
    validate_data(estimator, X, reset=reset, skip_check_array=True)
    name = type(estimator).__name__
    for n, what in zip(X.shape, ("sample(s)", "feature(s)"), strict=True):
        if n < 1:
            raise ValueError(
                f"Found array with {n} {what} (shape={tuple(X.shape)}) while a minimum of 1 is "
                f"required by {name}."
            )
    return X


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
    """Numbers as they are, for a network that was trained on such; they must be finite."""
    if issparse(X):
        return X
    if is_table(X):
        X = check_array(X, dtype=(np.float64, np.float32), ensure_all_finite=False)
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

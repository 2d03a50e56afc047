"""Rows in the format of the kernels."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import issparse

from skdnn._dtypes import BIN, CODE, COLUMN, FRACTION, INDEX
from skdnn.kernels.network import Features as Features  # for the estimators, too

#: A Fortran-ordered X is copied up to this size, since gathering its rows in place is slower.
COPY_BYTES = 2**25


def frozen(array: np.ndarray, dtype: np.dtype | type | None = None) -> np.ndarray:
    """A read-only, C-contiguous, aligned view, or a copy if a view is not possible.

    All arrays that kernels only read go through here: they have one type, so that the kernels are
    compiled once.
    """
    if array.dtype != dtype or not (array.flags.c_contiguous and array.flags.aligned):
        array = np.require(array, dtype, ["C", "A"])
    view = array.view(np.ndarray)
    view.flags.writeable = False
    return view


@cache
def _empty(dtype: np.dtype | type) -> np.ndarray:
    return frozen(np.empty(0), dtype)


def make_features(X: Any, dtype: np.dtype, rows: np.ndarray | None = None) -> Features:
    """Features from a dense array or a CSR array, without a copy if possible.

    Parameters
    ----------
    X : (n_rows, n_features) array
    dtype : dtype of the network
    rows : (n_samples,) int array, optional
        Indices of the selected rows; None selects all.

    Raises
    ------
    ValueError
        If the indices of a sparse array are out of bounds: the kernels do not check them.
    """
    parts = {
        "single": _empty(np.float32), "double": _empty(np.float64), "data": _empty(dtype),
        "indices": _empty(COLUMN), "indptr": _empty(INDEX),
        "rows": _empty(INDEX) if rows is None else frozen(rows, INDEX),
        "bins": _empty(BIN), "fractions": _empty(FRACTION), "codes": _empty(CODE),
    }  # fmt: skip
    if not issparse(X):
        name, elements, strides = _elements(X, dtype)
        parts[name] = elements
        return Features(shape=frozen(np.array([*X.shape, *strides, 0, 0]), INDEX), **parts)
    X = checked_sparse(X)
    # Sorted, so that sums have the same bits as those of dense rows.
    X = X if X.has_sorted_indices else X.sorted_indices()
    # Values beyond the range of float32 become inf, and training raises an error.
    with np.errstate(over="ignore"):
        parts["data"] = frozen(X.data, dtype)
    parts["indices"], parts["indptr"] = frozen(X.indices, COLUMN), frozen(X.indptr, INDEX)
    return Features(shape=frozen(np.array([*X.shape, 0, 0, 0, 0]), INDEX), **parts)


def checked_sparse(X: Any) -> Any:
    """Return a sparse array if its indices are in bounds: SciPy and the kernels do not check them.

    Parameters
    ----------
    X : sparse array of any format

    Raises
    ------
    ValueError
        With SciPy's message.
    """
    if X.format in ("csr", "csc", "bsr"):
        # On a shallow copy, because the check truncates arrays with unused capacity.
        X = type(X)((X.data, X.indices, X.indptr), shape=X.shape)
        X.check_format(full_check=True)
    elif X.format == "coo":
        for axis, (indices, size) in enumerate(zip(X.coords, X.shape, strict=True)):
            if len(indices) != len(X.data):
                raise ValueError("The row, column and data arrays of X must be of equal length.")
            if indices.size and not 0 <= indices.min() <= indices.max() < size:
                raise ValueError(f"{('row', 'column')[axis]} indices of X must be < {size}.")
    return X


def with_columns(
    features: Features,
    bins: np.ndarray,
    fractions: np.ndarray,
    codes: np.ndarray,
    n_bins: Sequence[int],
    n_codes: Sequence[int],
) -> Features:
    """Features with bins and categories added.

    Parameters
    ----------
    features : Features
    bins, fractions : (n_rows, n_binned) arrays
    codes : (n_rows, n_categorical) array
    n_bins : sequence of n_binned int
        Number of bins of each column; values of ``bins`` are less.
    n_codes : sequence of n_categorical int
        Largest code of each column.
    """
    return features._replace(
        shape=_shape(tuple(features.shape[:4].tolist()), tuple(n_bins), tuple(n_codes)),
        bins=frozen(bins, BIN).reshape(-1), fractions=frozen(fractions, FRACTION).reshape(-1),
        codes=frozen(codes, CODE).reshape(-1),
    )  # fmt: skip


@lru_cache(maxsize=128)
def _shape(numbers: tuple[int, ...], n_bins: tuple[int, ...], n_codes: tuple[int, ...]) -> Any:
    """``Features.shape`` with columns of bins and codes; made once for many calls."""
    counts = [len(n_bins), len(n_codes), *n_bins, *n_codes]
    return frozen(np.array([*numbers, *counts]), INDEX)


def _elements(X: np.ndarray, dtype: np.dtype) -> tuple[str, np.ndarray, tuple[int, int]]:
    """Field of the elements of a dense array, the elements, and the strides."""
    if X.dtype not in (np.float32, np.float64):
        X = X.astype(dtype)
    name = "single" if X.dtype == np.float32 else "double"
    if not X.flags.c_contiguous and X.flags.f_contiguous and X.nbytes > COPY_BYTES:
        return name, frozen(X.T.reshape(-1), X.dtype), (1, X.shape[0])
    return name, frozen(X, X.dtype).reshape(-1), (X.shape[1], 1)


def n_feature_rows(features: Features) -> int:
    """Number of selected rows."""
    return features.rows.size or int(features.shape[0])


class Rows(NamedTuple):
    """Samples with targets and weights.

    Attributes
    ----------
    features : Features
    y : (n_samples, n_targets) array
    weights : (n_samples,) array
        Sample weights, with mean 1 over the training rows.
    weight_scale : float
        Mean of the sample weights before they were divided by it.
    """

    features: Features
    y: np.ndarray
    weights: np.ndarray
    weight_scale: float

    @property
    def n_rows(self) -> int:
        return self.y.shape[0]


def rows_of(
    features: Features, y: np.ndarray, sample_weight: np.ndarray | None, dtype: np.dtype
) -> Rows:
    """Rows with targets and sample weights, which are 1 if none are given.

    Parameters
    ----------
    features : Features
    y : (n_samples,) or (n_samples, n_targets) array
    sample_weight : (n_samples,) array or None
    dtype : dtype of the network
    """
    if sample_weight is None:
        weights, scale = np.ones(y.shape[0], dtype=dtype), 1.0
    else:
        # Divided by the largest first, since the sum of large weights might overflow.
        largest = float(sample_weight.max())
        weights = sample_weight / largest
        mean = float(weights.mean())
        weights, scale = weights / mean, largest * mean
    y = y.reshape(-1, 1) if y.ndim == 1 else y
    with np.errstate(over="ignore"):
        return Rows(features, frozen(y, dtype), frozen(weights, dtype), scale)


def chosen_rows(features: Features, rows: np.ndarray | None) -> Features:
    """Features with only some rows selected; all if ``rows`` is None.

    Raises
    ------
    IndexError
        If an index is out of bounds: the kernels do not check it.
    """
    if rows is None:
        return features
    if rows.size and not 0 <= rows.min() <= rows.max() < features.shape[0]:
        raise IndexError(f"Rows from {rows.min()} to {rows.max()} of {features.shape[0]} rows.")
    return features._replace(rows=frozen(rows, INDEX))

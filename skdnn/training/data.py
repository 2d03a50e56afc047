"""Rows as the kernels take them."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import issparse

from skdnn._dtypes import COLUMN, INDEX
from skdnn.kernels.network import Features


def frozen(array: np.ndarray, dtype: np.dtype | type | None = None) -> np.ndarray:
    """A read-only, C-contiguous, aligned view (a copy only where it must be one).

    All arrays that kernels only read go through here: whatever the caller's array was, the
    compiled code sees one type and is compiled once.
    """
    view = np.require(array, dtype, ["C", "A"]).view(np.ndarray)[...]
    view.flags.writeable = False
    return view


@cache
def _empty(dtype: np.dtype | type) -> np.ndarray:
    return frozen(np.empty(0), dtype)


def make_features(X: Any, dtype: np.dtype) -> Features:
    """Features from a dense array or a sparse one in compressed rows.

    Raises
    ------
    ValueError
        If the indices of a sparse array are not consistent: the kernels trust them.
    """
    # Beyond the range of float32 a value becomes inf, and the training says so.
    with np.errstate(over="ignore"):
        if not issparse(X):
            return Features(frozen(X, dtype), _empty(dtype), _empty(COLUMN), _empty(INDEX))
        # Of a shallow copy: the check cuts off spare room behind the stored elements.
        X = type(X)((X.data, X.indices, X.indptr), shape=X.shape)
        X.check_format(full_check=True)
        # In the order of the columns the sums have the bits of dense rows.
        X = X if X.has_sorted_indices else X.sorted_indices()
        return Features(
            frozen(np.empty((0, X.shape[1])), dtype), frozen(X.data, dtype),
            frozen(X.indices, COLUMN), frozen(X.indptr, INDEX),
        )  # fmt: skip


def n_feature_rows(features: Features) -> int:
    """Number of rows of features in either form."""
    return features.indptr.size - 1 if features.indptr.size else features.dense.shape[0]


class Rows(NamedTuple):
    """Samples with targets and weights.

    Attributes
    ----------
    features : Features
    y : (n_samples, n_targets) array
    weights : (n_samples,) array
        Of mean 1 over the data that a network is trained on.
    weight_scale : float
        The mean of the weights before they were divided by it.
    """

    features: Features
    y: np.ndarray
    weights: np.ndarray
    weight_scale: float

    @property
    def n_rows(self) -> int:
        return self.y.shape[0]


def make_rows(X: Any, y: np.ndarray, sample_weight: np.ndarray | None, *, dtype: np.dtype) -> Rows:
    """Rows in the dtype of the network; without weights all are 1."""
    if sample_weight is None:
        weights, scale = np.ones(X.shape[0], dtype=dtype), 1.0
    else:
        # By way of the largest: the sum of large weights might be infinite.
        largest = float(sample_weight.max())
        weights = sample_weight / largest
        mean = float(weights.mean())
        weights, scale = weights / mean, largest * mean
    y = y.reshape(-1, 1) if y.ndim == 1 else y
    with np.errstate(over="ignore"):
        return Rows(make_features(X, dtype), frozen(y, dtype), frozen(weights, dtype), scale)

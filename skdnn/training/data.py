"""Rows as the kernels take them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


def frozen(array: np.ndarray, dtype: np.dtype | type | None = None) -> np.ndarray:
    """A read-only, C-contiguous, aligned view (a copy only where it must be one).

    All arrays that kernels only read go through here: whatever the caller's array was, the
    compiled code sees one type and is compiled once.
    """
    view = np.require(array, dtype, ["C", "A"]).view(np.ndarray)[...]
    view.flags.writeable = False
    return view


class Rows(NamedTuple):
    """Samples with targets and weights.

    Attributes
    ----------
    X : (n_samples, n_in) array
    y : (n_samples, n_targets) array
    weights : (n_samples,) array
        Of mean 1 over the data that a network is trained on.
    weight_scale : float
        The mean of the weights before they were divided by it.
    """

    X: np.ndarray
    y: np.ndarray
    weights: np.ndarray
    weight_scale: float

    @property
    def n_rows(self) -> int:
        return self.X.shape[0]


def make_rows(
    X: np.ndarray, y: np.ndarray, sample_weight: np.ndarray | None, *, dtype: np.dtype
) -> Rows:
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
    # Beyond the range of float32 a value becomes inf, and the training says so.
    with np.errstate(over="ignore"):
        return Rows(frozen(X, dtype), frozen(y, dtype), frozen(weights, dtype), scale)

"""Checks of the arguments of metrics, and means over rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from skdnn.estimators._targets import check_weights


def with_last_axis(y_true: Any, values: Any, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Targets with an axis of length 1 at the end, and values with a longer one."""
    y, values = np.asarray(y_true, dtype=np.float64), np.asarray(values, dtype=np.float64)
    check_finite(y, "y_true")
    refuse_nan(values, name)
    if y.ndim == 2 and y.shape[1] == 1 and values.ndim == 2:
        y = y[:, 0]
    if values.ndim != y.ndim + 1 or values.shape[:-1] != y.shape:
        raise ValueError(
            f"{name} must have the shape of y_true, {y.shape}, and one axis more. Got an array of "
            f"shape {values.shape}."
        )
    return y[..., None], values


def check_finite(values: np.ndarray, name: str) -> None:
    if not np.isfinite(values).all():
        raise ValueError(f"{name} must be finite, but contains NaN or infinity.")


def refuse_nan(values: np.ndarray, name: str) -> None:
    """Infinite ends and quantiles are without bound, and valid."""
    if np.isnan(values).any():
        raise ValueError(f"{name} contains NaN.")


def mean_over_rows(values: np.ndarray, sample_weight: Any) -> np.ndarray:
    return np.average(values, axis=0, weights=check_weights(sample_weight, values))

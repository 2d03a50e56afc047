"""Everything of scikit-learn that its documentation does not promise, in one place."""

from __future__ import annotations

import numpy as np
from sklearn.base import BaseEstimator, _fit_context
from sklearn.utils._optional_dependencies import check_matplotlib_support
from sklearn.utils._param_validation import (
    HasMethods,
    Interval,
    InvalidParameterError,
    Options,
    StrOptions,
)
from sklearn.utils.multiclass import _check_partial_fit_first_call as check_partial_fit_first_call
from sklearn.utils.validation import _check_sample_weight, validate_data

__all__ = [
    "BaseEstimator",
    "HasMethods",
    "Interval",
    "InvalidParameterError",
    "Options",
    "StrOptions",
    "check_matplotlib_support",
    "check_partial_fit_first_call",
    "check_weights",
    "fit_context",
    "validate_data",
]

#: Decorator of ``fit``: validates the parameters against ``_parameter_constraints``.
fit_context = _fit_context(prefer_skip_nested_validation=True)


def check_weights(sample_weight, X, name: str = "sample_weight") -> np.ndarray | None:
    """Validated sample weights in float64, or None.

    Raises
    ------
    ValueError
        If a weight is negative or not finite, if their number is not that of the rows,
        or if all are zero.
    """
    if sample_weight is None:
        return None
    try:
        weights = _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
        if not weights.any():
            raise ValueError(
                "Sample weights must contain at least one non-zero weight; all are zero."
            )
    except ValueError as error:
        if name == "sample_weight":
            raise
        raise ValueError(f"{name}: {error}") from error
    return weights

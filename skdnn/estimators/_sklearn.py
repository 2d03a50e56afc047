"""Everything of scikit-learn that its documentation does not promise, in one
place; its constraints of parameters are in ``skdnn/_settings.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from inspect import Parameter, signature
from typing import Any

import numpy as np
from sklearn.base import _fit_context
from sklearn.utils._optional_dependencies import check_matplotlib_support
from sklearn.utils.multiclass import _check_partial_fit_first_call
from sklearn.utils.validation import _check_sample_weight, _check_y
from sklearn.utils.validation import validate_data as _validate_data

__all__ = [
    "check_matplotlib_support",
    "check_partial_fit_first_call",
    "check_sample_weight",
    "check_y",
    "fit_context",
    "is_metric",
    "is_validated",
    "takes_weights",
    "validate_data",
    "with_labels",
]

# To see whether all numbers are finite they are added first: what that overflows says nothing.
_quietly = np.errstate(over="ignore", invalid="ignore")
validate_data, check_y = _quietly(_validate_data), _quietly(_check_y)
check_sample_weight = _quietly(_check_sample_weight)
check_partial_fit_first_call = _quietly(_check_partial_fit_first_call)

#: Decorator of ``fit``: validates the parameters against ``_parameter_constraints``.
fit_context = _fit_context(prefer_skip_nested_validation=True)


def is_validated(estimator: Any, X: Any) -> bool:
    """Whether ``validate_data`` would return this X, the rows to predict, as it is.

    To find that out itself, it takes half of the time of a prediction for one row.
    """
    return (
        type(X) is np.ndarray
        and X.dtype in (np.float32, np.float64)
        and X.ndim == 2
        and X.shape[0] > 0
        and X.shape[1] == estimator.n_features_in_
        and X.flags.c_contiguous
        and not hasattr(estimator, "feature_names_in_")
        and bool(np.isfinite(X).all())
    )


def is_metric(scoring: Any) -> bool:
    """Whether a scorer, or the one of a name, is a function of targets and predictions alone."""
    from sklearn.metrics._scorer import _BaseScorer

    return isinstance(scoring, (str, _BaseScorer))


def takes_weights(scorer: Callable) -> bool:
    """Whether a scorer takes ``sample_weight``: that of a metric always says so itself."""
    parameters = signature(getattr(scorer, "_score_func", scorer)).parameters.values()
    return any(p.name == "sample_weight" or p.kind == Parameter.VAR_KEYWORD for p in parameters)


def with_labels(scorer: Any, labels: np.ndarray | None) -> Any:
    """A scorer of probabilities that knows all labels, not only those of the rows.

    Metrics of predicted labels go by what is there, as they do on any other rows.
    """
    if labels is None or getattr(scorer, "_response_method", "predict") == "predict":
        return scorer
    known = "labels" in scorer._kwargs
    if known or "labels" not in signature(scorer._score_func).parameters:
        return scorer
    scorer = copy(scorer)
    scorer._kwargs = {**scorer._kwargs, "labels": labels}
    return scorer

"""The private API of scikit-learn that is used.

Tested with scikit-learn 1.6 to 1.9, which have all of these names, except callbacks: these were
added in 1.9.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from functools import wraps
from inspect import Parameter, signature
from typing import Any

import numpy as np
import pandas as pd
import sklearn.base
from sklearn.base import _fit_context
from sklearn.utils import _safe_indexing
from sklearn.utils._optional_dependencies import check_matplotlib_support
from sklearn.utils._param_validation import (
    HasMethods,
    Interval,
    InvalidParameterError,
    Options,
    StrOptions,
    validate_parameter_constraints,
)
from sklearn.utils.multiclass import _check_partial_fit_first_call
from sklearn.utils.validation import _check_monotonic_cst, _check_sample_weight, _check_y
from sklearn.utils.validation import validate_data as _validate_data

from skdnn._typing import Function

try:
    from sklearn.callback import CallbackSupportMixin
except ImportError:

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Placeholder for versions of scikit-learn without callbacks."""


__all__ = [
    "BaseEstimator",
    "CallbackSupportMixin",
    "HasMethods",
    "Interval",
    "InvalidParameterError",
    "Options",
    "StrOptions",
    "callback_context",
    "check_matplotlib_support",
    "check_monotonic_cst",
    "check_partial_fit_first_call",
    "check_sample_weight",
    "check_y",
    "fit_context",
    "has_callbacks",
    "has_known_names",
    "is_callback_attribute",
    "is_metric",
    "is_validated",
    "safe_indexing",
    "takes_weights",
    "validate_data",
    "validate_parameter_constraints",
    "with_labels",
]

# The check for finite numbers first computes their sum: its overflow is no reason for a warning.
_quietly = np.errstate(over="ignore", invalid="ignore")
validate_data, check_y = _quietly(_validate_data), _quietly(_check_y)
check_sample_weight = _quietly(_check_sample_weight)
check_partial_fit_first_call = _quietly(_check_partial_fit_first_call)

check_monotonic_cst, safe_indexing = _check_monotonic_cst, _safe_indexing


def fit_context(fit: Function) -> Function:
    """Decorator of ``fit``: validates the parameters against ``_parameter_constraints``.

    That of scikit-learn does so in the first call of what is named ``partial_fit`` only.
    """
    in_context = _fit_context(prefer_skip_nested_validation=True)
    if fit.__name__ != "partial_fit":
        return in_context(fit)

    def every_call(estimator: Any, *args: Any, **kwargs: Any) -> Any:
        return fit(estimator, *args, **kwargs)

    return wraps(fit)(in_context(every_call))  # type: ignore[return-value]


class BaseEstimator(sklearn.base.BaseEstimator):
    """Base estimator of scikit-learn that caches the names of the parameters."""

    _parameter_constraints: dict[str, list] = {}

    @classmethod
    def _get_param_names(cls) -> list[str]:
        # Not inherited: a subclass may have other parameters.
        if "_parameter_names" not in cls.__dict__:
            cls._parameter_names = tuple(super()._get_param_names())
        return list(cls._parameter_names)

    def _validate_params(self) -> None:
        self.check_params()

    def check_params(self) -> None:
        """Raise if a parameter violates ``_parameter_constraints``."""
        params, name = self.get_params(deep=False), type(self).__name__
        validate_parameter_constraints(self._parameter_constraints, params, name)

    def _fitted_html(self) -> str:
        """HTML that is shown below the diagram in notebooks."""
        return ""

    def _repr_html_inner(self) -> str:
        return super()._repr_html_inner() + self._fitted_html()

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, str]:
        bundle = super()._repr_mimebundle_(**kwargs)
        if "text/html" in bundle:
            bundle["text/html"] += self._fitted_html()
        return bundle


def has_callbacks(estimator: Any) -> bool:
    """Whether an estimator has callbacks, its own or those of a meta-estimator."""
    return hasattr(estimator, "_skl_callbacks") or hasattr(estimator, "_parent_callback_ctx")


def is_callback_attribute(name: str) -> bool:
    """Whether an attribute of an estimator has its callbacks or a context of them."""
    return name.startswith(("_skl_callbacks", "_callback_", "_parent_callback_"))


def callback_context(estimator: Any, max_epochs: int) -> Any:
    """Callback context for a fit with up to ``max_epochs`` epochs."""
    return estimator._init_callback_context(max_subtasks=max_epochs)


def is_validated(estimator: Any, X: Any) -> bool:
    """Whether ``validate_data`` would return X unchanged in a prediction.

    This check is much faster than ``validate_data``, which takes half the time of the prediction
    of a single row.
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


def has_known_names(estimator: Any, X: Any) -> bool:
    """Whether ``validate_data`` finds the columns that it knows, in the same order, in a pandas X.

    Here it takes longer than the rest of a prediction for one row.
    """
    if type(X) is not pd.DataFrame or not hasattr(estimator, "feature_names_in_"):
        return False
    names = X.columns.tolist()
    return (
        len(names) == estimator.n_features_in_
        and names == estimator.feature_names_in_.tolist()
        and set(map(type, names)) == {str}
    )


def is_metric(scoring: Any) -> bool:
    """Whether a scorer, or the one with this name, depends only on targets and predictions."""
    from sklearn.metrics._scorer import _BaseScorer

    return isinstance(scoring, (str, _BaseScorer))


def takes_weights(scorer: Callable) -> bool:
    """Whether a scorer, or the metric that it was made from, supports ``sample_weight``."""
    parameters = signature(getattr(scorer, "_score_func", scorer)).parameters.values()
    return any(p.name == "sample_weight" or p.kind == Parameter.VAR_KEYWORD for p in parameters)


def with_labels(scorer: Any, labels: np.ndarray | None) -> Any:
    """A scorer of probabilities with all labels, not only those of the scored rows.

    Metrics of predicted labels are not changed: they use the labels of the rows, as usual.
    """
    if labels is None or getattr(scorer, "_response_method", "predict") == "predict":
        return scorer
    known = "labels" in scorer._kwargs
    if known or "labels" not in signature(scorer._score_func).parameters:
        return scorer
    scorer = copy(scorer)
    scorer._kwargs = {**scorer._kwargs, "labels": labels}
    return scorer

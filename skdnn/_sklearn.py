"""Everything of scikit-learn that its documentation does not promise, in one place.

Tested with scikit-learn 1.6 to 1.9. In all of these the names are where they are imported from,
but for callbacks, which came with 1.9.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
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
from sklearn.utils.validation import _check_sample_weight, _check_y, _num_samples
from sklearn.utils.validation import validate_data as _validate_data

from skdnn._typing import Function

try:
    from sklearn.callback import CallbackSupportMixin
except ImportError:

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """scikit-learn is older than its callbacks."""


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
    "check_partial_fit_first_call",
    "check_sample_weight",
    "check_y",
    "fit_context",
    "has_callbacks",
    "has_known_names",
    "is_metric",
    "is_validated",
    "num_samples",
    "safe_indexing",
    "takes_weights",
    "validate_data",
    "validate_parameter_constraints",
    "with_labels",
]

# To see whether all numbers are finite they are added first: what that overflows says nothing.
_quietly = np.errstate(over="ignore", invalid="ignore")
validate_data, check_y = _quietly(_validate_data), _quietly(_check_y)
check_sample_weight = _quietly(_check_sample_weight)
check_partial_fit_first_call = _quietly(_check_partial_fit_first_call)

num_samples, safe_indexing = _num_samples, _safe_indexing


def fit_context(fit: Function) -> Function:
    """Decorator of ``fit``: validates the parameters against ``_parameter_constraints``."""
    return _fit_context(prefer_skip_nested_validation=True)(fit)


class BaseEstimator(sklearn.base.BaseEstimator):
    """scikit-learn's, which reads the signature of the constructor once."""

    _parameter_constraints: dict[str, list] = {}

    @classmethod
    def _get_param_names(cls) -> list[str]:
        # Of this very class, not of one that it comes from.
        if "_parameter_names" not in cls.__dict__:
            cls._parameter_names = tuple(super()._get_param_names())
        return list(cls._parameter_names)

    def _validate_params(self) -> None:
        self.check_params()

    def check_params(self) -> None:
        """Raise if a parameter is not one of ``_parameter_constraints``."""
        params, name = self.get_params(deep=False), type(self).__name__
        validate_parameter_constraints(self._parameter_constraints, params, name)

    def _fitted_html(self) -> str:
        """What a notebook shows below the diagram."""
        return ""

    def _repr_html_inner(self) -> str:
        return super()._repr_html_inner() + self._fitted_html()

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, str]:
        bundle = super()._repr_mimebundle_(**kwargs)
        if "text/html" in bundle:
            bundle["text/html"] += self._fitted_html()
        return bundle


def has_callbacks(estimator: Any) -> bool:
    """Whether somebody listens to the fit of an estimator."""
    return hasattr(estimator, "_skl_callbacks") or hasattr(estimator, "_parent_callback_ctx")


def callback_context(estimator: Any, max_epochs: int) -> Any:
    """What tells the callbacks of an estimator about a fit of so many epochs."""
    return estimator._init_callback_context(max_subtasks=max_epochs)


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

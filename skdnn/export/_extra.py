"""Packages and models that are needed for the export."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from sklearn.base import BaseEstimator

from skdnn.estimators._base import BaseDNN


def check_model(model: Any, remedy: str) -> None:
    """Raise unless a model is one of skdnn's; ``remedy`` is for those of scikit-learn.

    Raises
    ------
    TypeError
    """
    if not isinstance(model, BaseDNN):
        hint = f" For others: {remedy}." if isinstance(model, BaseEstimator) else ""
        raise TypeError(
            f"model must be a DNNClassifier or a DNNRegressor. Got {type(model).__name__}.{hint}"
        )


def required(module: str) -> Any:
    """Import a module of the extra ``export``.

    Raises
    ------
    ImportError
        With the command that installs it.
    """
    try:
        return import_module(module)
    except ImportError as error:
        name = module.split(".")[0]
        raise ImportError(f'{name} is missing: pip install "skdnn[export]"') from error

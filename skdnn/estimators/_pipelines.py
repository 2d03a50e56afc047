"""The DNN estimator inside another one."""

from __future__ import annotations

from typing import Any

from sklearn.pipeline import Pipeline

from skdnn.estimators._base import BaseDNN


def final_estimator(estimator: Any) -> tuple[BaseDNN, str]:
    """The DNN estimator that an estimator is, or that a Pipeline ends with.

    Parameters
    ----------
    estimator : DNNClassifier, DNNRegressor or Pipeline

    Returns
    -------
    model : DNNClassifier or DNNRegressor
    prefix : str
        What the names of its parameters begin with, as parameters of ``estimator``.

    Raises
    ------
    TypeError
        If there is none.
    """
    model, prefix = estimator, ""
    while isinstance(model, Pipeline):
        name, model = model.steps[-1]
        prefix += f"{name}__"
    if not isinstance(model, BaseDNN):
        raise TypeError(
            "Expected a DNNClassifier, a DNNRegressor or a Pipeline that ends with one. "
            f"Got {estimator!r}."
        )
    return model, prefix

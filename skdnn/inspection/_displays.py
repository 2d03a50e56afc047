"""Helpers of the displays."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from skdnn._sklearn import check_matplotlib_support
from skdnn.estimators._base import BaseDNN
from skdnn.estimators._pipelines import final_estimator


def fitted_network(estimator: Any) -> BaseDNN:
    """The fitted DNN estimator of a Pipeline or a search, or the estimator itself.

    Raises
    ------
    TypeError
        If there is none.
    NotFittedError
        If it is not fitted.
    """
    if hasattr(estimator, "refit"):  # GridSearchCV and similar, also of other packages
        message = "This %(name)s has no best_estimator_: call 'fit' with refit=True first."
        check_is_fitted(estimator, "best_estimator_", msg=message)
        return fitted_network(estimator.best_estimator_)
    if isinstance(estimator, Pipeline):  # its last step may be a search
        return fitted_network(estimator.steps[-1][1])
    model, _ = final_estimator(estimator)
    check_is_fitted(model)
    return model


def axes_for(display: Any, ax: Any) -> Any:
    """Axes to plot on: ``ax``, or those of a new figure if it is None."""
    check_matplotlib_support(f"{type(display).__name__}.plot")
    if ax is None:
        from matplotlib import pyplot as plt

        ax = plt.subplots()[1]
    return ax


def check_choice(name: str, value: Any, choices: tuple[str, ...]) -> None:
    """Raise unless the value of a parameter is one of some strings.

    Raises
    ------
    ValueError
    """
    if not (isinstance(value, str) and value in choices):
        raise ValueError(f"{name} must be one of {list(choices)}. Got {value!r}.")


def check_count(name: str, value: Any, least: int = 1) -> int:
    """``value`` as an int that is not below the least one.

    Raises
    ------
    ValueError
    """
    if not isinstance(value, Integral) or isinstance(value, bool) or value < least:
        raise ValueError(
            f"{name} must be an int in the range [{least}, inf). Got {value!r} instead."
        )
    return int(value)


def checked_array(name: str, value: Any, shape: tuple[int | str, ...]) -> np.ndarray:
    """An argument of a display as an array of finite numbers of the right shape.

    Parameters
    ----------
    name : str
        Of the argument.
    value : array-like
    shape : tuple of (int or str)
        Lengths of the axes; text is the name of a length that may be anything above 0.

    Raises
    ------
    ValueError
    """
    try:
        array = np.asarray(value, dtype=float)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be an array of numbers: {error}.") from error
    fits = array.ndim == len(shape) and all(
        n > 0 if isinstance(length, str) else n == length
        for n, length in zip(array.shape, shape, strict=True)
    )
    if not fits:
        expected = f"({', '.join(map(str, shape))}{',' * (len(shape) == 1)})"
        raise ValueError(f"{name} must have the shape {expected}. Got {array.shape}.")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite, but contains NaN or infinity.")
    return array


def check_names(names: Any, length: int, of: str) -> None:
    """Raise ValueError unless there is a name for each row of an argument of a display."""
    if len(names) != length:
        raise ValueError(
            f"feature_names must have {length} items, one for each row of {of}. Got {len(names)}."
        )


def show_literally(*axes: Any) -> None:
    """Switch off math text, except for ticks: names may contain dollar signs."""
    for ax in axes:
        legend = ax.get_legend()
        names = legend.get_texts() if legend is not None else []
        for text in (ax.title, ax.xaxis.label, ax.yaxis.label, *ax.texts, *names):
            text.set_parse_math(False)

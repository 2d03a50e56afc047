"""Checks of data and state that both estimators make."""

from __future__ import annotations

from collections.abc import Callable
from functools import update_wrapper
from numbers import Integral
from types import MethodType
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import issparse

from skdnn._typing import Function
from skdnn._warnings import warn
from skdnn.kernels.losses import LOSSES
from skdnn.kernels.optimizers import OPTIMIZERS
from skdnn.network.losses import loss_names
from skdnn.network.network import Network


class UnavailableError(AttributeError, ValueError):
    """A method is not available with the current parameters; ``hasattr`` is then False."""


class available_when:  # noqa: N801 - a decorator
    """Decorator of a method that is only available with some parameters.

    Like scikit-learn's ``available_if``, but the check raises the error itself.

    Parameters
    ----------
    check : callable
        Raises an ``UnavailableError`` if an estimator does not have the method.
    """

    def __init__(self, check: Callable[[Any], None]) -> None:
        self.check = check

    def __call__(self, function: Function) -> Function:
        self.function = function
        update_wrapper(self, function)
        return self  # type: ignore[return-value]

    def __get__(self, estimator: Any, owner: type) -> Callable:
        if estimator is None:
            return self.function
        self.check(estimator)
        return MethodType(self.function, estimator)


def has_epochs(estimator: Any) -> None:
    """Raise unless ``partial_fit`` is available: solver with epochs, no early stopping."""
    if estimator.solver not in OPTIMIZERS:
        raise UnavailableError(
            "partial_fit is only available for stochastic optimizers. "
            f"{estimator.solver} is not stochastic."
        )
    if estimator.early_stopping and estimator.early_stopping != "auto":
        raise UnavailableError(
            "partial_fit does not support early_stopping=True: it trains one epoch on all rows "
            "that are passed to it."
        )


def predicts_quantiles(estimator: Any) -> None:
    """Raise unless the loss, of the fitted network if there is one, is "quantile"."""
    model = vars(estimator).get("_model")
    loss = estimator.loss if model is None else model.network.spec.loss
    loss = getattr(loss, "name", loss)
    if loss not in loss_names("regression", outputs_per_target="levels"):
        raise UnavailableError(
            f"predict_quantiles is only available for loss='quantile', not for {loss!r}."
        )


def has_validation_set(X_val: Any, y_val: Any, **others: Any) -> bool:
    """Whether a validation set is given.

    Raises
    ------
    ValueError
        If only a part of it is: X without y, y without X, or others, by name, without both.
    """
    if X_val is None and y_val is None:
        for name, value in others.items():
            if value is not None:
                raise ValueError(f"{name} is given without X_val and y_val.")
        return False
    if X_val is None or y_val is None:
        given, missing = ("y_val", "X_val") if X_val is None else ("X_val", "y_val")
        raise ValueError(f"{given} is given without {missing}.")
    return True


def check_groups(groups: Any, n_rows: int) -> np.ndarray | None:
    """Groups as an array of one item for each row, or None."""
    if groups is None:
        return None
    groups = np.asarray(groups)
    if groups.shape != (n_rows,):
        raise ValueError(
            f"groups must have one item for each of the {n_rows} rows of X. Got an array of shape "
            f"{groups.shape}."
        )
    if groups.dtype.kind == "O" and pd.isna(groups).any():
        row = int(np.flatnonzero(pd.isna(groups))[0])
        raise ValueError(f"groups has missing values, the first in row {row}.")
    return groups


def check_range(
    estimator: Any,
    array: Any,
    dtype: np.dtype,
    which: str = "X",
    rows: np.ndarray | None = None,
) -> None:
    """Raise if a finite value in the rows is beyond the range of the network's dtype."""
    limit = np.finfo(dtype).max
    values = array.data if issparse(array) else array
    if np.finfo(array.dtype).max <= limit or values.size == 0:
        return
    if max(values.max(), -values.min()) <= limit:
        return
    if rows is not None:
        check_range(estimator, array[rows], dtype, which)
        return
    largest = abs(array).max(axis=0)
    largest = largest.toarray().ravel() if issparse(largest) else np.ravel(largest)
    column = int(largest.argmax())
    names = getattr(estimator, "feature_names_in_", None) if which == "X" else None
    name = column if names is None else f"{names[column]!r}"
    raise ValueError(
        f"Input {which} contains a value too large for {dtype.name}, the dtype of the network: "
        f"{largest[column]:g} in column {name}. Scale the column, or set dtype='float64'."
    )


def warn_of_overflow(estimator: Any, raw: np.ndarray, X: Any, rows: Any) -> None:
    """Warn that predictions overflow, and name the column with the most extreme value.

    Parameters
    ----------
    estimator : BaseDNN
    raw : (n_members, n_samples, n_outputs) array
        Raw predictions, some of them not finite.
    X : data frame or (n_samples, n_columns) array, dense or sparse
    rows : object
        The rows of X as ``FittedModel.encoded`` returns them.
    """
    inputs, network = estimator._model.inputs, estimator._model.network
    names = getattr(estimator, "feature_names_in_", None)
    which = ~np.isfinite(raw).all(axis=(0, 2))
    if inputs is None:
        numbers = X[which]
    else:
        numbers = estimator._model.table(rows, which).numeric[:, : inputs.encoder.n_numeric]
    if numbers.shape[1] == 0 or not np.isfinite(network.values).all():
        return
    largest = abs(numbers).max(axis=0)
    largest = largest.toarray().ravel() if issparse(largest) else np.ravel(largest)
    column = int(largest.argmax())
    if inputs is None:
        label, scaled = column if names is None else repr(names[column]), ""
    else:
        label, scaled = inputs.encoder.scaler.labels[column], ", scaled"
    warn(
        f"The predictions for {numbers.shape[0]} row(s) overflow {network.dtype.name}, the dtype "
        f"of the network. Their most extreme number is {largest[column]:g} in column {label}"
        f"{scaled}: far from all training rows. Check this value, "
        "or use feature_scaling='robust', which limits outliers."
    )


def check_domain(
    network: Network, y: np.ndarray, scaled: np.ndarray, which: str, *, all_zero: bool
) -> None:
    """Raise if targets are outside the domain of the loss.

    ``scaled`` are the targets of the network. ``all_zero`` says whether all targets may be 0, which
    is possible in a part of the data.
    """
    loss, dtype = network.spec.loss, network.dtype
    domain = LOSSES[loss].domain
    if domain not in ("positive", "non-negative"):
        return
    least = y.min()
    if domain == "positive" and (least <= 0 or scaled.min().astype(dtype) <= 0):
        raise ValueError(
            f"loss={loss!r} needs targets above 0 in {dtype.name}, but {which} contains {least:g}."
        )
    if domain == "non-negative" and least < 0:
        raise ValueError(
            f"loss={loss!r} needs targets of at least 0, but {which} contains {least:g}."
        )
    if domain == "non-negative" and not (all_zero or y.any()):
        raise ValueError(
            f"loss={loss!r} needs targets that are not all 0, but {which} is 0 everywhere."
        )


def assign(views: list, arrays: Any) -> None:
    """Write arrays into views of the same shapes, or into lists of such views."""
    if any(isinstance(view, list) for view in views):
        if len(views) != len(arrays):
            raise ValueError(f"Expected {len(views)} lists of arrays, got {len(arrays)}.")
        for view, own in zip(views, arrays, strict=True):
            assign(view, own)
        return
    arrays = [np.asarray(array) for array in arrays]
    shapes = [array.shape for array in arrays]
    if shapes != [view.shape for view in views]:
        raise ValueError(
            f"Expected arrays of shapes {[view.shape for view in views]}, got {shapes}."
        )
    dtypes = sorted({array.dtype.name for array in arrays if array.dtype.kind not in "biufO"})
    if dtypes:
        raise ValueError(f"Expected arrays of real numbers, got arrays of dtype {dtypes[0]}.")
    for view, array in zip(views, arrays, strict=True):
        view[...] = array


def check_attribute(estimator: Any, name: str, expected: Any) -> None:
    """Raise if a fitted attribute has been changed.

    Parameters
    ----------
    estimator : BaseDNN
    name : str
    expected : object
        The value, or the shape if the attribute is an array.
    """
    value: Any = getattr(estimator, name, None)
    what = f"an array of shape {expected}" if isinstance(expected, tuple) else repr(expected)
    if isinstance(expected, tuple):
        is_right = isinstance(value, np.ndarray) and value.shape == expected
    else:
        is_right = value is expected or (np.ndim(value) == 0 and value == expected)
    if not is_right:
        raise ValueError(
            f"{name} of this fitted {type(estimator).__name__} must be {what}, as fit has set it. "
            f"Got {value!r} instead."
        )


def check_index(name: str, value: Any, length: int) -> int:
    """``value`` as a non-negative index of a sequence of ``length`` items."""
    valid = isinstance(value, Integral) and not isinstance(value, bool)
    if not valid or not -length <= int(value) < length:
        raise ValueError(
            f"{name} must be an int in the range [{-length}, {length - 1}]. Got {value!r} instead."
        )
    return int(value) % length

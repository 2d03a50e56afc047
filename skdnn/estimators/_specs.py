"""Network specifications from parameters and data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from numbers import Integral, Real
from typing import Any

import numpy as np

from skdnn._sklearn import InvalidParameterError, check_monotonic_cst
from skdnn.estimators._data import Data
from skdnn.estimators._inputs import TableInputs
from skdnn.estimators._tasks import Outputs, Task
from skdnn.kernels.activations import ACTIVATIONS
from skdnn.kernels.losses import LOSSES
from skdnn.network.spec import InputColumn, NetworkSpec
from skdnn.training.settings import AUTO, dropout_for

#: dtype="auto": up to this number of rows times weights of the first member (of four members, if
#: there are more) float64 costs only milliseconds, and equivalences are exact, such as that of
#: sample weights and repeated rows. Weights that are looked up, not multiplied, count as well: the
#: dtype does not depend on how the inputs are computed.
FLOAT64_WORK = 2 * 10**6

#: activation="auto", without and with ``monotonic_cst``.
ACTIVATION, MONOTONE_ACTIVATION = "mish", "elu"


def network_specs(
    estimator: Any, task: Task, data: Data, inputs: TableInputs | None, n_rows: int
) -> list[NetworkSpec]:
    """Specification of each member, for ``n_rows`` training rows."""
    hidden = hidden_sizes(estimator.hidden_layer_sizes)
    dropout = estimator.dropout
    if isinstance(dropout, str) and dropout == AUTO:
        dropout = 0.0 if estimator.solver == "lbfgs" else dropout_for(n_rows)
    rates = dropout_rates(dropout, len(hidden))
    check_solver(estimator, rates)
    outputs = task.outputs(data.y)
    monotonic = directions(estimator)
    if inputs is not None:
        monotonic = inputs.numeric_directions(monotonic)
    if monotonic:
        check_monotonic(estimator, outputs)

    def spec(columns: tuple[InputColumn, ...], *, scaled: bool) -> NetworkSpec:
        n_in = sum(column.width for column in columns) or data.X.shape[1]
        return NetworkSpec(
            layer_sizes=(n_in, *hidden, outputs.n_outputs),
            activation=activation_of(estimator, is_monotonic=bool(monotonic)),
            dropout=(float(estimator.input_dropout), *rates),
            loss=outputs.loss,
            loss_parameters=outputs.parameters,
            outputs_per_target=outputs.per_target,
            normalization=estimator.normalization,
            columns=columns,
            scaled_inputs=scaled,
            monotonic=monotonic,
        )

    if inputs is None:
        return [spec((), scaled=False)] * estimator.n_members
    return [
        spec(inputs.columns(member), scaled=getattr(embedding, "scaled_inputs", False))
        for member, embedding in enumerate(inputs.embeddings)
    ]


def directions(estimator: Any) -> tuple[int, ...]:
    """1, -1 or 0 for each column of X, by ``monotonic_cst``; empty if all are 0.

    Raises
    ------
    ValueError
        For names or numbers of columns that X does not have, and for other values.
    """
    given = estimator.monotonic_cst
    if not isinstance(given, Mapping | None) and np.ndim(given) != 1:
        raise ValueError(f"monotonic_cst must be one-dimensional. Got {given!r} instead.")
    found = tuple(check_monotonic_cst(estimator, given).tolist())
    return found if any(found) else ()


def activation_of(estimator: Any, *, is_monotonic: bool) -> str:
    """Resolve the parameter ``activation``."""
    if estimator.activation == AUTO:
        return MONOTONE_ACTIVATION if is_monotonic else ACTIVATION
    return estimator.activation


def check_monotonic(estimator: Any, outputs: Outputs) -> None:
    """Raise if outputs or parameters do not allow monotonic constraints."""
    if LOSSES[outputs.loss].link.startswith("softmax"):
        raise ValueError(
            f"monotonic_cst needs two classes, or several labels with two values each: y has "
            f"{outputs.n_outputs} classes."
        )
    monotone = [name for name, record in ACTIVATIONS.items() if record.monotone]
    for name, accepted, value in (
        ("activation", [AUTO, *monotone], estimator.activation),
        ("normalization", [None, "batch"], estimator.normalization),
    ):
        if value not in accepted:
            raise InvalidParameterError(
                f"The {name!r} parameter must be one of {accepted} with monotonic_cst. Got "
                f"{value!r} instead."
            )


def network_dtype(estimator: Any, X: Any, n_rows: int, spec: NetworkSpec) -> np.dtype:
    """Resolve the parameter ``dtype`` by the dtype of X and the work of an epoch."""
    if estimator.dtype in ("float32", "float64"):
        return np.dtype(estimator.dtype)
    small = n_rows * spec.n_weights * max(4, estimator.n_members) <= 4 * FLOAT64_WORK
    if getattr(X, "dtype", None) == np.float32 or (estimator.dtype == "auto" and not small):
        return np.dtype(np.float32)
    return np.dtype(np.float64)


def as_sequence(value: Any) -> tuple | None:
    """The items of an ordered container that can be read again, otherwise None.

    A generator would be empty at the second fit, and the network silently linear.
    """
    wrong = Iterator | Set | Mapping | str | bytes
    if isinstance(value, wrong) or (isinstance(value, np.ndarray) and value.ndim == 0):
        return None
    return tuple(value)


def hidden_sizes(value: Any) -> tuple[int, ...]:
    """Sizes of the hidden layers as a tuple."""

    def is_size(item: Any) -> bool:
        return isinstance(item, Integral) and not isinstance(item, bool) and 0 < int(item) < 2**31

    sizes = (value,) if isinstance(value, Integral | np.bool_) else as_sequence(value)
    if sizes is None or not all(is_size(size) for size in sizes):
        raise InvalidParameterError(
            "The 'hidden_layer_sizes' parameter must be an int or a sequence of ints (not an "
            "iterator, which can be read only once), all in the range [1, 2**31 - 1]. "
            f"Got {value!r} instead."
        )
    return tuple(int(size) for size in sizes)


def dropout_rates(value: Any, n_hidden: int) -> tuple[float, ...]:
    """One rate for each hidden layer."""
    rates = (value,) * n_hidden if isinstance(value, Real) else as_sequence(value)
    if (
        rates is None
        or len(rates) != n_hidden
        or not all(isinstance(rate, Real) and 0 <= float(rate) < 1 for rate in rates)
    ):
        raise InvalidParameterError(
            "The 'dropout' parameter must be a float in the range [0, 1) or one such float for "
            f"each of the {n_hidden} hidden layers. Got {value!r} instead."
        )
    return tuple(float(rate) for rate in rates)


def check_solver(estimator: Any, dropout: tuple[float, ...]) -> None:
    """Raise if a parameter asks L-BFGS for what it cannot do."""
    if estimator.solver != "lbfgs":
        return
    same = "which needs the same loss in each evaluation"
    for name, accepted, reason in (
        ("dropout", not any(dropout), f"0 with solver='lbfgs', {same}"),
        ("input_dropout", estimator.input_dropout == 0, f"0 with solver='lbfgs', {same}"),
        ("normalization", estimator.normalization != "batch",
         f"'layer' or None with solver='lbfgs', {same}"),
        ("l1_ratio", estimator.l1_ratio == 0,
         "0 with solver='lbfgs', which needs a smooth penalty"),
    ):  # fmt: skip
        if not accepted:
            raise InvalidParameterError(
                f"The {name!r} parameter must be {reason}. "
                f"Got {getattr(estimator, name)!r} instead."
            )

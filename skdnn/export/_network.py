"""The networks of the members, and the mean of their predictions, in a graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from skdnn.export._operators import ACTIVATIONS, Operators
from skdnn.training.averages import LEAST_DEVIATION

#: Added to the variance by normalizations.
_EPSILON = 1e-5


def member_raw(
    op: Operators, document: dict[str, Any], arrays: dict[str, np.ndarray], member: int, x: Any
) -> Any:
    """Raw predictions (n_rows, n_outputs) of a member, from its inputs."""
    network = document["network"]
    activation = network["activation"]
    if activation not in ACTIVATIONS:
        raise ValueError(
            f"The activation {activation!r} cannot be exported. Those that can are "
            f"{sorted(ACTIVATIONS)}."
        )
    own = {
        name.split(".", 2)[2]: array
        for name, array in arrays.items()
        if name.startswith(f"members.{member}.")
    }
    if "scales" in own:
        own["weights.0"] = own["weights.0"] * own["scales"][:, None]
    n_hidden = len(network["hidden"])
    for layer in range(n_hidden):
        x = ACTIVATIONS[activation](op, _hidden(op, own, layer, network["normalization"], x))
    return op.gemm(x, op.real(own[f"weights.{n_hidden}"]), op.real(own[f"biases.{n_hidden}"]))


def _hidden(
    op: Operators, own: dict[str, np.ndarray], layer: int, normalization: str | None, x: Any
) -> Any:
    """Pre-activations of a hidden layer."""
    weights, biases = own[f"weights.{layer}"], own[f"biases.{layer}"]
    if normalization == "layer":
        gains = op.real(own[f"gains.{layer}"])
        product = op.matmul(x, op.real(weights))
        return op.layer_normalization(product, gains, op.real(biases), epsilon=_EPSILON)[0]
    if normalization == "batch":
        spread = 1 / np.sqrt(own[f"variances.{layer}"].astype(np.float64) + _EPSILON)
        factor = spread * own[f"gains.{layer}"]
        weights, biases = weights * factor, biases - own[f"means.{layer}"] * factor
    return op.gemm(x, op.real(weights), op.real(biases))


def mean_raw(op: Operators, members: Sequence[Any], weights: Sequence[float], link: str) -> Any:
    """Raw prediction whose link is the weighted mean of the members' predictions.

    Parameters
    ----------
    op : Operators
    members : list of Var
        Raw predictions (n_rows, n_outputs).
    weights : list of float
        Their sum is 1.
    link : {"identity", "logistic", "softmax", "exp", "normal"}
    """
    if len(members) == 1:
        return members[0]
    if link == "identity":
        return op.weighted(members, weights)
    if link == "normal":
        return _mean_normal(op, members, weights)
    first = op.whole([0])
    stacked = op.concat([op.unsqueeze(each, first) for each in members], axis=0)
    logarithms = op.real(np.log(weights).reshape(-1, 1, 1))

    def log_mean(log: Any) -> Any:
        return op.reduce_log_sum_exp(op.add(log, logarithms), first, keepdims=0)

    if link == "logistic":
        on, off = (op.neg(op.softplus(each)) for each in (op.neg(stacked), stacked))
        return op.sub(log_mean(on), log_mean(off))
    return log_mean(op.log_softmax(stacked, axis=-1) if link == "softmax" else stacked)


def means_of(op: Operators, raw: Any, n_outputs: int) -> Any:
    """Means (n_rows, n_targets) of the loss "normal"."""
    return op.gather(raw, op.whole(range(0, n_outputs, 2)), axis=1)


def deviations_of(op: Operators, raw: Any, n_outputs: int) -> Any:
    """Standard deviations (n_rows, n_targets) of the loss "normal"."""
    z = op.gather(raw, op.whole(range(1, n_outputs, 2)), axis=1)
    most = np.log(np.finfo(op.dtype).max) - 1
    return op.add(op.exp(op.min([z, op.real(most)])), op.real(LEAST_DEVIATION))


def _mean_normal(op: Operators, members: Sequence[Any], weights: Sequence[float]) -> Any:
    """As ``mean_raw``: mean and standard deviation of the mixture."""
    n_outputs = members[0].unwrap_tensor().shape[1]
    means = [means_of(op, each, n_outputs) for each in members]
    mean = op.weighted(means, weights)
    errors = [op.abs(op.sub(each, mean)) for each in means]
    deviations = [deviations_of(op, each, n_outputs) for each in members]
    # Divided by the largest, so that squares do not overflow.
    largest = op.max([*errors, *deviations])
    squares = []
    for parts in zip(errors, deviations, strict=True):
        error, deviation = (op.div(each, largest) for each in parts)
        squares.append(op.add(op.mul(error, error), op.mul(deviation, deviation)))
    deviation = op.mul(op.sqrt(op.weighted(squares, weights)), largest)
    above = op.max([op.sub(deviation, op.real(LEAST_DEVIATION)), op.real(np.finfo(op.dtype).tiny)])
    n = n_outputs // 2
    order = op.whole(np.arange(n_outputs).reshape(2, n).T.ravel())
    return op.gather(op.side_by_side([mean, op.log(above)]), order, axis=1)

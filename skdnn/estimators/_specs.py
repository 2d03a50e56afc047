"""Network specifications from parameters and data."""

from __future__ import annotations

from typing import Any

import numpy as np

from skdnn.estimators._data import Data
from skdnn.estimators._inputs import TableInputs
from skdnn.estimators._params import check_solver, dropout_rates, hidden_sizes
from skdnn.estimators._tasks import Task
from skdnn.network.spec import InputColumn, NetworkSpec
from skdnn.training.settings import AUTO, dropout_for

#: dtype="auto": up to this number of multiplications in the forward pass of an epoch (of four
#: members, if there are more) float64 costs only milliseconds, and equivalences are exact, such as
#: that of sample weights and repeated rows.
FLOAT64_WORK = 10**7


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

    def spec(columns: tuple[InputColumn, ...], *, scaled: bool) -> NetworkSpec:
        n_in = sum(column.width for column in columns) or data.X.shape[1]
        return NetworkSpec(
            layer_sizes=(n_in, *hidden, outputs.n_outputs),
            activation=estimator.activation,
            dropout=(float(estimator.input_dropout), *rates),
            loss=outputs.loss,
            loss_parameters=outputs.parameters,
            outputs_per_target=outputs.per_target,
            normalization=estimator.normalization,
            columns=columns,
            scaled_inputs=scaled,
        )

    if inputs is None:
        return [spec((), scaled=False)] * estimator.n_members
    return [
        spec(inputs.columns(member), scaled=getattr(embedding, "scaled_inputs", False))
        for member, embedding in enumerate(inputs.embeddings)
    ]


def network_dtype(estimator: Any, data: Data, spec: NetworkSpec) -> np.dtype:
    """Resolve the parameter ``dtype`` by the dtype of the data and the work of an epoch."""
    if estimator.dtype in ("float32", "float64"):
        return np.dtype(estimator.dtype)
    small = data.y.shape[0] * spec.n_weights * max(4, estimator.n_members) <= 4 * FLOAT64_WORK
    if getattr(data.X, "dtype", None) == np.float32 or (estimator.dtype == "auto" and not small):
        return np.dtype(np.float32)
    return np.dtype(np.float64)

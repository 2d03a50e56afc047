"""State of a training: new, or resumed by another call of ``fit``."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace
from typing import Any

import numpy as np

from skdnn._warnings import warn
from skdnn.estimators._model import FittedModel
from skdnn.network.growth import Growth, grown_network, grown_values
from skdnn.network.network import Network
from skdnn.network.spec import NetworkSpec
from skdnn.tabular.numeric import ENOUGH_ROWS
from skdnn.training.checks import check_progress, check_values
from skdnn.training.engine import empty_slots
from skdnn.training.progress import TrainingState
from skdnn.training.settings import TrainingSettings
from skdnn.training.stopping import NoImprovement


def new_stopping(estimator: Any, digests: tuple[int, ...]) -> list[NoImprovement]:
    """One for each validator; a single one without validation."""
    return [
        NoImprovement(
            estimator.n_iter_no_change,
            estimator.tol,
            greater_is_better=estimator.do_early_stopping_,
        )
        for _ in digests
    ]


def extended_model(
    model: FittedModel, progress: TrainingState, X: Any, weights: np.ndarray | None
) -> tuple[FittedModel, TrainingState]:
    """Extend the encoding of a model by more rows, and its network by the new inputs.

    Parameters
    ----------
    model : FittedModel
    progress : TrainingState
        Of its training.
    X : array-like or data frame of shape (n_samples, n_features)
    weights : (n_samples,) array or None

    Returns
    -------
    model : FittedModel
    progress : TrainingState
    """
    assert model.inputs is not None
    inputs, codes, renewed = model.inputs.extended(X, weights)
    network = model.network
    columns = [inputs.columns(member) for member in range(network.n_members)]
    if not renewed and columns == [spec.columns for spec in network.specs]:
        return FittedModel(inputs, network, model.task, model.weights), progress
    check_values(network)
    check_progress(network, progress, progress.solver)
    growths = [
        Growth(spec, made_of, codes, renewed)
        for spec, made_of in zip(network.specs, columns, strict=True)
    ]
    kept: dict[str, Any] = {
        name: None if values is None else grown_values(network, growths, values)
        for name in ("best_values", "last_values", "calibrated_values")
        for values in [getattr(progress, name)]
    }
    slots = [growth.slots(old) for growth, old in zip(growths, progress.slots, strict=True)]
    grown = FittedModel(inputs, grown_network(network, growths), model.task, model.weights)
    return grown, replace(progress, slots=slots, **kept)


def warn_of_few_rows(n_known: int, n_rows: int) -> None:
    """Warn if a warm start keeps an encoding that was learned from few rows."""
    if n_known < ENOUGH_ROWS and n_rows >= 2 * n_known:
        warn(
            f"Scales, bins and categories of the columns were learned from {n_known} rows and are "
            f"kept with warm_start=True, although X has {n_rows} rows now. Set warm_start=False to "
            "learn them again."
        )


def resumed_network(estimator: Any, network: Network, specs: list[NetworkSpec]) -> Network:
    """A network with the current values, if the specifications have the same shapes."""

    def shape(specs: Sequence[NetworkSpec], n_members: int) -> tuple[Any, ...]:
        spec = specs[0]
        return spec.layer_sizes, spec.loss, spec.outputs_per_target, spec.normalization, n_members

    known = network.specs
    before, now = shape(known, len(known)), shape(specs, estimator.n_members)
    if before != now:
        raise ValueError(
            "Training can only be continued with layers, loss, number of quantiles, normalization "
            f"and number of members {before}, but parameters and data now ask for {now}. Set "
            "warm_start=False to start a new training."
        )
    if known[0].monotonic != specs[0].monotonic:
        raise ValueError(
            "Training can only be continued with the same monotonic_cst: the parameters learned so "
            "far obey the constraints of the first fit. Set warm_start=False to start a new "
            "training."
        )
    forced = estimator.dtype in ("float32", "float64")
    dtype = np.dtype(estimator.dtype) if forced else network.dtype
    return Network(specs, _cast(network.values, dtype))


def _cast(values: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """A copy in another dtype, clipped to its range."""
    if values.dtype == dtype:
        return values.copy()
    limit = np.finfo(dtype).max
    return np.clip(values, -limit, limit).astype(dtype)


def resumed_progress(
    estimator: Any,
    progress: TrainingState,
    network: Network,
    settings: TrainingSettings,
    digests: tuple[int, ...],
) -> TrainingState:
    """The state of the training, adapted to the current parameters."""
    progress = deepcopy(progress)
    dtype = network.dtype
    if progress.solver == settings.solver:
        slots = [_cast(each, dtype) for each in progress.slots]
        progress = replace(progress, slots=slots)
    else:
        slots, fresh = empty_slots(network, settings.solver), np.zeros_like(progress.step)
        progress = replace(progress, slots=slots, solver=settings.solver, step=fresh)
    stopping = new_stopping(estimator, digests)
    monitored = monitored_by(estimator, network.spec, digests)
    if monitored == progress.monitored:
        for new, before in zip(stopping, progress.stopping, strict=True):
            for name in ("best", "count", "has_fallen_back", "fallback", "is_provisional"):
                setattr(new, name, getattr(before, name))
        for name in ("best_values", "calibrated_values", "last_values"):
            values = getattr(progress, name)
            setattr(progress, name, None if values is None else _cast(values, dtype))
    else:
        # The best epoch by another score does not count.
        progress = replace(progress, best_values=None, calibrated_values=None, last_values=None)
    return replace(progress, stopping=stopping, monitored=monitored)


def monitored_by(estimator: Any, spec: NetworkSpec, digests: tuple[int, ...]) -> tuple:
    """Identifies the score that the best epoch is chosen by."""
    scoring = estimator.scoring if estimator.do_early_stopping_ else None
    return estimator.do_early_stopping_, digests, scoring, spec.loss, spec.loss_parameters

"""Numeric targets."""

from __future__ import annotations

from typing import Any

import numpy as np

from skdnn.estimators._data import Data, relative
from skdnn.estimators._scoring import mean_r2
from skdnn.estimators._targets import check_offset
from skdnn.estimators._tasks import Outputs, Task
from skdnn.kernels.losses import LOSSES
from skdnn.network.losses import ChosenLoss, loss_names, resolve_loss
from skdnn.network.spec import NetworkSpec
from skdnn.tabular.targets import TargetScaler
from skdnn.training.averages import normal_deviation
from skdnn.training.data import Rows
from skdnn_light.conformal import Scores, interval, number_scores

#: Range of standard deviations.
TINY, HUGE = np.finfo(np.float64).tiny, np.finfo(np.float64).max


class NumericTargets(Task):
    """One number for each row, or several.

    Parameters
    ----------
    loss : str or LossSettings
        Value of the parameter of the regressor, like the next one.
    target_scaling : "standard" or None
    scaler : TargetScaler or None, default=None
        The scaler of the training that is continued.
    """

    def __init__(
        self, loss: Any, target_scaling: str | None, scaler: TargetScaler | None = None
    ) -> None:
        chosen = resolve_loss(loss)
        # Only the name: a record has compiled functions, which cannot be pickled.
        self.loss, self.parameters = chosen.record.name, chosen.parameters
        self.target_scaling = target_scaling
        self.scaler = scaler

    @property
    def chosen(self) -> ChosenLoss:
        """The loss with its parameters."""
        return ChosenLoss(LOSSES[self.loss], self.parameters)

    @property
    def levels(self) -> tuple[float, ...]:
        """Levels of the predicted quantiles; empty for other losses."""
        if LOSSES[self.loss].outputs_per_target != "levels":
            return ()
        return tuple(self.parameters[:, 0].tolist())

    @property
    def has_deviation(self) -> bool:
        """Whether a standard deviation is predicted, too."""
        return LOSSES[self.loss].link == "normal"

    @property
    def is_calibrated(self) -> bool:
        """Whether predicted standard deviations are scaled after training."""
        return self.has_deviation

    def encode(self, y: np.ndarray, name: str = "y") -> np.ndarray:
        """Numbers as they are."""
        return y

    def outputs(self, y: np.ndarray) -> Outputs:
        """The outputs of each target, whose number depends on the loss."""
        n_targets, chosen = 1 if y.ndim == 1 else y.shape[1], self.chosen
        parameters = chosen.of_targets(
            n_targets, None if self.scaler is None else self.scaler.scale
        )
        per_target = chosen.outputs_per_target
        return Outputs(self.loss, parameters, n_targets * per_target, per_target)

    def check(self, spec: NetworkSpec) -> None:
        """Raise unless a network has an output for each target, or for each level of it."""
        n_targets = spec.n_out // spec.outputs_per_target
        if self.loss != spec.loss or self.chosen.outputs_per_target != spec.outputs_per_target:
            raise ValueError(f"The network was trained with the loss {spec.loss!r}.")
        if self.levels != spec.levels:
            raise ValueError(
                f"The network was trained for the quantiles {spec.levels}, not for {self.levels}."
            )
        if self.scaler is not None and np.size(self.scaler.scale) != n_targets:
            raise ValueError(
                f"The network has {n_targets} targets, but {np.size(self.scaler.scale)} are scaled."
            )

    def fit(self, data: Data) -> None:
        """Learn the scaling of the targets."""
        self.scaler = None
        if self.target_scaling is not None:
            self.scaler = TargetScaler(centered=LOSSES[self.loss].centers_targets).fit(
                data.y, None if data.weights is None else relative(data.weights)
            )

    def rates(self, data: Data, offset: np.ndarray, name: str = "offset") -> Data:
        """Targets and weights whose loss is that of the targets with an offset.

        The deviance is homogeneous: with ``e = exp(offset)`` that of ``y`` and ``e * mean`` is
        ``e ** (2 - power)`` times that of ``y / e`` and ``mean``.

        Raises
        ------
        ValueError
            If a target divided by ``e`` overflows.
        """
        power = self._variance_power()
        with np.errstate(over="ignore"):
            y = (data.y.T / np.exp(offset)).T
        if not np.isfinite(y).all():
            row = int(np.flatnonzero(~np.isfinite(y.reshape(len(y), -1)).all(axis=1))[0])
            raise ValueError(
                f"{name} must not be so small that y / exp({name}) overflows. Got "
                f"{offset[row]:g} for the target {data.y[row]} in row {row}."
            )
        if power == 2:
            return data._replace(y=y)
        given = np.ones(len(y)) if data.weights is None else data.weights
        # Relative to the largest of a row that counts, so that nothing overflows: so are weights.
        weights = np.exp((2 - power) * np.minimum(offset - offset[given > 0].max(), 0))
        return data._replace(y=y, weights=weights * given)

    def with_offset(self, y: np.ndarray, offset: Any) -> np.ndarray:
        """Predictions, or their deviations, times the exponential of the user's offset."""
        known = check_offset(offset, y.shape[0])
        if known is None:
            return y
        self._variance_power()
        # Finite, as all predictions are.
        with np.errstate(over="ignore"):
            return np.minimum((y.T * np.exp(known)).T, HUGE)

    def _variance_power(self) -> float:
        power = self.chosen.variance_power
        if power is None:
            names = loss_names("regression", link="exp")
            raise ValueError(
                f"offset needs a loss with a log link, one of {names}. Got loss={self.loss!r}."
            )
        return power

    def extend(self, y: np.ndarray) -> None:
        """Extend the range of the targets by more rows."""
        if self.scaler is not None:
            self.scaler = self.scaler.extended(y)

    def network_targets(self, y: np.ndarray) -> np.ndarray:
        """Scaled targets, (n_samples, n_outputs)."""
        if self.scaler is not None:
            y = self.scaler.transform(y)
        return np.repeat(y.reshape(y.shape[0], -1), len(self.parameters), axis=1)

    def conformal_scores(self, y: np.ndarray, raw: np.ndarray) -> np.ndarray:
        """How far each target is outside of each band of quantiles, or off the prediction."""
        y = y.reshape(len(y), -1).astype(np.float64)
        return number_scores(y, self._band_ends(raw), self._unit(raw))

    def interval(self, raw: np.ndarray, scores: Scores, coverage: float) -> np.ndarray:
        """Lower and upper ends: (n_samples, 2) or (n_samples, n_targets, 2)."""
        found = interval(self._band_ends(raw), self.levels, scores, coverage, self._unit(raw))
        if LOSSES[self.loss].domain != "real":
            found = np.maximum(found, 0)
        return found[:, 0] if found.shape[1] == 1 else found

    def _band_ends(self, raw: np.ndarray) -> np.ndarray:
        """Quantiles, or the prediction alone: (n_samples, n_targets, n_levels)."""
        n_levels = max(1, len(self.levels))
        values = self.quantiles(raw) if self.levels else self.predict(raw)
        return values.reshape(len(raw), -1, n_levels)

    def _unit(self, raw: np.ndarray) -> np.ndarray | None:
        """Standard deviations, in units of which intervals are wide: (n_samples, n_targets)."""
        if not self.has_deviation:
            return None
        return self.deviation(raw).astype(np.float64).reshape(len(raw), -1)

    def deviation(self, raw: np.ndarray) -> np.ndarray:
        """Standard deviations in the units of the targets, in the shape of the predictions."""
        deviation = normal_deviation(raw)
        deviation = deviation[:, 0] if deviation.shape[1] == 1 else deviation
        if self.scaler is None:
            return deviation
        with np.errstate(over="ignore", under="ignore"):
            return np.clip(deviation * self.scaler.scale, TINY, HUGE)

    def quantiles(self, raw: np.ndarray) -> np.ndarray:
        """Increasing quantiles: (n_samples, n_levels) or (n_samples, n_targets, n_levels)."""
        quantiles = self._sorted(raw)
        if self.scaler is not None:
            # The targets' axis last, as the scaler has it.
            units = self.scaler.inverse(np.moveaxis(quantiles, -1, 0))
            quantiles = np.moveaxis(units, 0, -1)
        return quantiles[:, 0] if quantiles.shape[1] == 1 else quantiles

    def predict(self, raw: np.ndarray) -> np.ndarray:
        """Predictions in the units of the targets, (n_samples,) or (n_samples, n_targets)."""
        y = self._scaled(raw)
        y = y[:, 0] if y.shape[1] == 1 else y
        return y if self.scaler is None else self.scaler.inverse(y)

    def _sorted(self, raw: np.ndarray) -> np.ndarray:
        """Sorted (n_samples, n_targets, n_levels) raw predictions."""
        return np.sort(raw.reshape(raw.shape[0], -1, len(self.levels)), axis=-1)

    def _scaled(self, raw: np.ndarray) -> np.ndarray:
        """Predictions (n_samples, n_targets) in the units of the scaled targets."""
        if LOSSES[self.loss].link == "exp":
            # Finite, as all predictions are.
            return np.exp(np.minimum(raw, np.log(np.finfo(raw.dtype).max) - 1))
        if len(self.levels) > 1:
            return self._sorted(raw)[..., np.abs(np.array(self.levels) - 0.5).argmin()]
        # Of a loss with several outputs for each target the first one is the prediction.
        return raw[:, :: len(self.parameters)]

    def can_score(self, rows: Rows) -> bool:
        """Whether R² is defined."""
        return rows.n_rows > 1

    def score(self, raw: np.ndarray, rows: Rows) -> float:
        """R²."""
        # A diverging network may be so far off that its squared error overflows.
        with np.errstate(over="ignore", invalid="ignore"):
            return mean_r2(*self.compared(raw, rows), rows.weights)

    def compared(self, raw: np.ndarray, rows: Rows) -> tuple[np.ndarray, np.ndarray]:
        """Scaled targets and predictions that are scored: (n_samples, n_targets)."""
        y = rows.y[:, :: len(self.parameters)]
        prediction = self._scaled(raw).reshape(y.shape)
        if self.scaler is not None:
            # As predictions are kept in the range of the training targets.
            limits = self.scaler.transform(np.array([self.scaler.low, self.scaler.high]), raw.dtype)
            prediction = np.clip(prediction, *limits)
        return y, prediction

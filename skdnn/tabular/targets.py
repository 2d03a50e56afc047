"""Scaling of regression targets."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from skdnn._dtypes import ACCUMULATOR
from skdnn.tabular.numeric import ENOUGH_ROWS, mean_and_deviation


@dataclass(eq=False)
class TargetScaler:
    """Scales each target to mean 0 and standard deviation 1.

    Parameters
    ----------
    centered : bool, default=True
        False does not center, and scales to mean 1: for positive targets with a loss of the
        exponential of the output.

    Attributes
    ----------
    mean, scale : float64 arrays of shape () or (n_targets,)
        Of the training rows. The scale of a constant target is 1.
    low, high : float64 arrays of shape () or (n_targets,)
        Range of the training rows.
    unit : float64 array of shape () or (n_targets,)
        Power of two by which targets are multiplied so that differences do not overflow.
    """

    centered: bool = True
    mean: np.ndarray = field(init=False, repr=False)
    scale: np.ndarray = field(init=False, repr=False)
    is_late: np.ndarray = field(init=False, repr=False)
    late: np.ndarray | None = field(init=False, repr=False)
    n_late: int = field(init=False, repr=False)
    low: np.ndarray = field(init=False, repr=False)
    high: np.ndarray = field(init=False, repr=False)
    unit: np.ndarray = field(init=False, repr=False)

    def fit(self, y: np.ndarray, weights: np.ndarray | None = None) -> TargetScaler:
        """Compute mean, standard deviation and range.

        Parameters
        ----------
        y : (n_samples,) or (n_samples, n_targets) array
            Finite.
        weights : (n_samples,) float array, default=None
            Non-negative; a weight of 0 is the same as no row.

        Returns
        -------
        self : TargetScaler
        """
        if weights is not None and not weights.all():
            y, weights = y[weights > 0], weights[weights > 0]
        y = y.astype(ACCUMULATOR)
        columns = y.reshape(y.shape[0], -1).T
        moments = np.array([mean_and_deviation(column, weights) for column in columns])
        mean, deviation = moments.T.reshape(2, *y.shape[1:])
        return self.fit_moments(mean, deviation, y.min(axis=0), y.max(axis=0))

    def fit_moments(
        self, mean: np.ndarray, deviation: np.ndarray, low: np.ndarray, high: np.ndarray
    ) -> TargetScaler:
        """As ``fit``, from the moments and the range: arrays of shape () or (n_targets,)."""
        scale = deviation
        if not self.centered:
            mean, scale = np.zeros_like(mean), np.abs(mean)
        self.mean, self.scale = mean, np.where(scale == 0, 1, scale)
        self.low, self.high = low, high
        self._set_unit()
        self.is_late, self.late, self.n_late = np.zeros_like(self.low, dtype=bool), None, 0
        return self

    def _set_unit(self) -> None:
        largest = np.maximum(np.maximum(np.abs(self.low), np.abs(self.high)), self.scale)
        self.unit = np.ldexp(1.0, np.clip(-np.frexp(largest)[1], -1022, 1022))

    def extended(self, y: np.ndarray) -> TargetScaler:
        """The scaler extended by more rows, which are included in its range.

        The scaling of a target that was constant so far is learned from these rows and its value,
        and again whenever the number of rows has doubled, up to ``ENOUGH_ROWS``.

        Parameters
        ----------
        y : (n_samples,) or (n_samples, n_targets) array
            Targets of rows of positive weight.

        Returns
        -------
        scaler : TargetScaler
        """
        other = copy(self)
        learns = self.is_late | (self.low == self.high)
        if np.any(learns):
            before = np.asarray(self.low)[None] if self.late is None else self.late
            known = np.concatenate([before, y]).astype(ACCUMULATOR)
            enough = len(known) >= ENOUGH_ROWS
            if enough or len(known) >= 2 * self.n_late:
                found = TargetScaler(centered=self.centered).fit(known)
                other.mean = np.where(learns, found.mean, self.mean)
                other.scale = np.where(learns, found.scale, self.scale)
                other.n_late = len(known)
            varies = known.min(axis=0) < known.max(axis=0)
            other.is_late = learns & varies & (not enough)
            other.late = known if np.any(other.is_late) else None
            other.n_late = other.n_late if np.any(other.is_late) else 0
        other.low = np.minimum(self.low, y.min(axis=0))
        other.high = np.maximum(self.high, y.max(axis=0))
        other._set_unit()
        return other

    def transform(self, y: np.ndarray, dtype: Any = np.float64) -> np.ndarray:
        """Scale targets.

        Parameters
        ----------
        y : (n_samples,) or (n_samples, n_targets) array
        dtype : dtype, default=np.float64

        Returns
        -------
        scaled : array of the shape of y
        """
        unit = self.unit
        # Targets of other rows than the training rows may overflow.
        with np.errstate(over="ignore"):
            scaled = (y * unit - self.mean * unit) / (self.scale * unit)
            return scaled.astype(dtype, copy=False)

    def inverse(self, scaled: np.ndarray) -> np.ndarray:
        """Convert predictions to the units of the targets, clipped to their range.

        Parameters
        ----------
        scaled : (n_samples,) or (n_samples, n_targets) array
            Predictions of the network.

        Returns
        -------
        y : float64 array of the shape of scaled
            In the range of the training rows.
        """
        unit = self.unit
        # Infinite predictions are clipped, too.
        with np.errstate(over="ignore"):
            y = (scaled * (self.scale * unit) + self.mean * unit) / unit
        return np.clip(y, self.low, self.high)

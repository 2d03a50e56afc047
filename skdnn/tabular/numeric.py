"""Imputation, scaling and clipping of numeric columns.

All statistics are weighted: integer weights are the same as repeated rows. They are float64, and so
is all arithmetic before the result, so that neighboring integers beyond 2**24 stay distinct.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from skdnn._dtypes import ACCUMULATOR, INDEX

SCALINGS = ("robust", "standard", None)

#: Number of rows of a stream that scales and bins are learned from: ten for each bin of the default
#: embedding with most bins.
ENOUGH_ROWS = 500

#: Limit of the smooth clipping of "robust".
LIMIT = 3.0
#: Beyond it, the limit is reached to the last bit; its square does not overflow.
_FAR = 1e9
#: Tolerance of the borders of quantiles, relative to the sum of weights.
_BORDER = 1e-12
#: Number of elements of a chunk, which stays in the cache.
_CHUNK = 2**15

_PERCENTS = np.linspace(0, 1, 101)


def quantiles(
    values: np.ndarray, probabilities: np.ndarray, weights: np.ndarray | None = None
) -> np.ndarray:
    """Weighted quantiles: the averaged inverse of the distribution function.

    If the cumulative weight of a value is exactly the probability, the quantile is the mean of this
    value and the next one; the median of 1, 2, 3, 4 is 2.5. Integer weights are the same as
    repeated rows, and a common factor of the weights does not matter.

    Parameters
    ----------
    values : (n,) float array
        Finite, in any order, at least one.
    probabilities : (m,) float array
        0 is the minimum, 1 the maximum.
    weights : (n,) float array, default=None
        Above 0.

    Returns
    -------
    quantiles : (m,) float64 array
    """
    values = values.astype(ACCUMULATOR, copy=False)
    last = values.size - 1
    if weights is not None and (weights == weights[0]).all():
        weights = None  # sorting is slower than partitioning
    # The first rank whose cumulative weight reaches the probability, and the first to exceed it.
    if weights is None:
        target, border = probabilities * values.size, _BORDER * values.size
        lower = np.ceil(target - border) - 1
        upper = np.floor(target + border)
    else:
        order = np.argsort(values)
        total = np.cumsum(weights[order], dtype=ACCUMULATOR)
        target, border = probabilities * total[-1], _BORDER * total[-1]
        lower = np.searchsorted(total, target - border, side="left")
        upper = np.searchsorted(total, target + border, side="right")
    lower = np.where(probabilities == 0, 0, np.where(probabilities == 1, last, lower))
    upper = np.where(probabilities == 0, 0, np.where(probabilities == 1, last, upper))
    lower = np.clip(lower, 0, last).astype(INDEX)
    upper = np.clip(upper, 0, last).astype(INDEX)
    if weights is None:
        ranked = np.partition(values, np.union1d(lower, upper))
    else:
        ranked = values[order]
    return ranked[lower] * 0.5 + ranked[upper] * 0.5


def mean_and_deviation(
    values: np.ndarray, weights: np.ndarray | None = None
) -> tuple[float, float]:
    """Weighted mean and standard deviation (ddof 0).

    Parameters
    ----------
    values : (n,) float array
        Finite, at least one.
    weights : (n,) float array, default=None
        Above 0.

    Returns
    -------
    mean, deviation : float
        Exactly the value and exactly 0 if all values are equal.
    """
    values = values.astype(ACCUMULATOR, copy=False)
    low, high = values.min(), values.max()
    if low == high:
        return float(low), 0.0
    # Scaled by a power of two, which is exact, so that squares of large values do not overflow.
    unit = 2.0 ** (np.frexp(max(-low, high))[1] - 1)
    scaled = values / unit
    mean = np.average(scaled, weights=weights)
    deviation = np.sqrt(np.average((scaled - mean) ** 2, weights=weights))
    return float(mean * unit), float(deviation * unit)


def smooth_clip(x: np.ndarray) -> np.ndarray:
    """Smoothly clipped x / sqrt(1 + (x / 3)**2): x near 0, and never beyond 3.

    Parameters
    ----------
    x : array
        Infinite values are fine.

    References
    ----------
    Holzmüller, Grinsztajn, Steinwart, Better by default: strong pre-tuned MLPs and boosted trees on
    tabular data, NeurIPS 2024.
    """
    x = np.minimum(np.maximum(x, -_FAR), _FAR)
    return x / np.sqrt(1 + (x / LIMIT) ** 2)


def _inverse(width: float, numerator: float) -> float:
    """``numerator / width``; 0 if that is not finite."""
    if width == 0:
        return 0.0
    result = numerator / width
    return float(result) if np.isfinite(2 * result) else 0.0


@dataclass(eq=False)
class NumericScaler:
    """Imputes, scales and clips numeric columns, and adds missing indicators.

    Parameters
    ----------
    scaling : {"robust", "standard"} or None, default="robust"
        - "robust": (x - median) / (interquartile range), or 2 (x - median) / (maximum - minimum)
          if the quartiles are equal; then ``smooth_clip``.
        - "standard": (x - mean) / (standard deviation).
        - None: no scaling.

        With the first two a constant column is 0, until ``extended`` has seen another value.

    Attributes
    ----------
    center, scale : (n_columns,) float64 arrays
        Computed from the values that are not missing.
    percentiles : (n_columns, 101) float64 array
        Percentiles of the values, from minimum to maximum; NaN if all values are missing.
    imputation : (n_columns,) float64 array
        Imputed value: the median; 0 if all values are missing.
    indicated : (n_indicators,) int64 array
        Columns with missing values in some training rows, but not in all. Each has an indicator,
        which is 1 for missing values and 0 otherwise.
    labels : tuple of str
        Names of the columns in messages.
    late : dict of arrays
        Values so far of columns that were constant at first, by column; see ``extended``.
    n_late : dict of int
        Number of these values that the column was learned from.
    """

    scaling: str | None = "robust"
    center: np.ndarray = field(init=False, repr=False)
    scale: np.ndarray = field(init=False, repr=False)
    percentiles: np.ndarray = field(init=False, repr=False)
    imputation: np.ndarray = field(init=False, repr=False)
    indicated: np.ndarray = field(init=False, repr=False)
    labels: tuple[str, ...] = field(init=False, repr=False)
    late: dict[int, np.ndarray] = field(init=False, repr=False)
    n_late: dict[int, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if self.scaling not in SCALINGS:
            raise ValueError(f"scaling must be one of {SCALINGS}, got {self.scaling!r}.")

    def fit(
        self,
        X: np.ndarray,
        weights: np.ndarray | None = None,
        labels: Sequence[str] | None = None,
    ) -> NumericScaler:
        """Compute the statistics of training rows.

        Parameters
        ----------
        X : (n_samples, n_columns) array of a real dtype
            Missing values are NaN.
        weights : (n_samples,) float array, default=None
            Above 0.
        labels : sequence of n_columns str, default=None
            Names of the columns in messages; None is their positions.

        Returns
        -------
        self : NumericScaler

        Raises
        ------
        ValueError
            If a value is infinite.
        """
        n_columns = X.shape[1]
        self.labels = tuple(map(str, range(n_columns)) if labels is None else labels)
        self.center, self.imputation = np.zeros((2, n_columns), dtype=ACCUMULATOR)
        self.scale = np.full(n_columns, self.scaling is None, dtype=ACCUMULATOR)
        self.percentiles = np.full((n_columns, _PERCENTS.size), np.nan, dtype=ACCUMULATOR)
        indicated = []
        for j in range(n_columns):
            values = X[:, j].astype(ACCUMULATOR)
            self._check_finite(values[:, None], j)
            present = ~np.isnan(values)
            if not present.any():
                continue
            column_weights = weights
            if not present.all():
                indicated.append(j)
                values = values[present]
                column_weights = None if weights is None else weights[present]
            self._fit_column(j, values, column_weights)
        self.indicated = np.array(indicated, dtype=INDEX)
        self.late, self.n_late = {}, {}
        return self

    def _fit_column(self, j: int, values: np.ndarray, weights: np.ndarray | None) -> None:
        self.percentiles[j] = quantiles(values, _PERCENTS, weights)
        low, q25, median, q75, high = self.percentiles[j, ::25]
        self.imputation[j] = median
        # Widths beyond float64 are infinite; their inverse is 0.
        with np.errstate(over="ignore"):
            if self.scaling == "robust":
                self.center[j] = median
                self.scale[j] = _inverse(q75 - q25, 1) or _inverse(high - low, 2)
            elif self.scaling == "standard":
                self.center[j], deviation = mean_and_deviation(values, weights)
                self.scale[j] = _inverse(deviation, 1)

    def extended(self, X: np.ndarray) -> tuple[NumericScaler, dict[int, np.ndarray]]:
        """The scaler extended by more rows.

        A column that was constant or missing so far is learned from these rows and its value, and
        again whenever the number of values has doubled, up to ``ENOUGH_ROWS``. A column with
        missing values for the first time gets an indicator. All else is unchanged.

        Parameters
        ----------
        X : (n_samples, n_columns) array of a real dtype
            Rows of positive weight; their weights are not used.

        Returns
        -------
        scaler : NumericScaler
            This one, if there is nothing new.
        learned : dict of arrays
            Values of the columns that were learned now, by column; none of them is constant.

        Raises
        ------
        ValueError
            If a value is infinite.
        """
        missing = np.isnan(X)
        some_missing, all_missing = missing.any(axis=0), missing.all(axis=0)
        known = ~np.isnan(self.percentiles[:, 0])
        indicated = np.flatnonzero(some_missing & (known | ~all_missing))
        added = indicated[~np.isin(indicated, self.indicated)]
        other, learned = copy(self), {}
        other.indicated = np.append(self.indicated, added)
        other.late, other.n_late = dict(self.late), dict(self.n_late)
        for name in ("center", "scale", "percentiles", "imputation"):
            setattr(other, name, getattr(self, name).copy())
        is_late = self.is_constant
        is_late[list(self.late)] = True
        for j in np.flatnonzero(is_late & ~all_missing).tolist():
            values = X[~missing[:, j], j].astype(ACCUMULATOR)
            self._check_finite(values[:, None], j)
            before = self.late.get(j, self.percentiles[j, :1][known[j : j + 1]])
            values = np.concatenate([before, values])
            enough = values.size >= ENOUGH_ROWS
            if enough or values.size >= 2 * self.n_late.get(j, 0):
                other._fit_column(j, values, None)
                other.n_late[j] = values.size
                if not other.is_constant[j]:
                    learned[j] = values
            other.late[j] = values
            if enough or other.is_constant[j]:
                del other.late[j], other.n_late[j]
        unchanged = not (added.size or other.late or self.late or learned) and np.array_equal(
            other.percentiles, self.percentiles, equal_nan=True
        )
        return (self if unchanged else other), learned

    def scaled(self, j: int, values: np.ndarray) -> np.ndarray:
        """Transformed values of a column, in float64."""
        X = np.full((values.size, self.center.size), np.nan)
        X[:, j] = values
        return self.transform(X, ACCUMULATOR)[:, j]

    @property
    def is_constant(self) -> np.ndarray:
        """Whether each column has at most one value: (n_columns,) bool."""
        return ~(self.percentiles[:, 0] < self.percentiles[:, -1])

    def transform(self, X: np.ndarray, dtype: Any = np.float32) -> np.ndarray:
        """Impute, scale and clip rows, and add the missing indicators.

        Parameters
        ----------
        X : (n_samples, n_columns) array of a real dtype
            Missing values are NaN, also in columns without missing values in training.
        dtype : dtype, default=np.float32

        Returns
        -------
        numbers : (n_samples, n_columns + n_indicators) array
            Contiguous. The columns, then the indicators.

        Raises
        ------
        ValueError
            If a value is infinite, or beyond the range of the dtype.
        """
        n_rows, n_columns = X.shape
        out = np.empty((n_rows, n_columns + self.indicated.size), dtype=dtype)
        step = max(1, _CHUNK // max(1, n_columns))
        for start in range(0, n_rows, step):
            rows = slice(start, start + step)
            chunk = X[rows].astype(ACCUMULATOR)
            missing = np.isnan(chunk)
            self._check_finite(chunk)
            np.copyto(chunk, self.imputation, where=missing)
            # Values that overflow are reported below.
            with np.errstate(over="ignore"):
                out[rows, :n_columns] = self._scaled(chunk)
            if self.indicated.size:
                out[rows, n_columns:] = missing[:, self.indicated]
            self._check_finite(out[rows, :n_columns], of=out.dtype)
        return out

    def check_range(self, numbers: np.ndarray) -> None:
        """Raise if a transformed number overflows its dtype.

        Raises
        ------
        ValueError
        """
        self._check_finite(numbers[:, : self.center.size], of=numbers.dtype)

    def _scaled(self, chunk: np.ndarray) -> np.ndarray:
        if self.scaling is None:
            return chunk
        # Halved, so that the difference of two finite numbers is finite.
        chunk *= 0.5
        chunk -= self.center * 0.5
        chunk *= self.scale * 2
        return smooth_clip(chunk) if self.scaling == "robust" else chunk

    def _check_finite(self, X: np.ndarray, first: int = 0, of: np.dtype | None = None) -> None:
        """Raise if a number is infinite; the columns start at position ``first``."""
        infinite = np.isinf(X)
        if not infinite.any():
            return
        label = self.labels[first + int(np.flatnonzero(infinite.any(axis=0))[0])]
        if of is None:
            raise ValueError(f"Input X contains infinity in column {label}.")
        raise ValueError(
            f"Input X contains a value too large for {of} in column {label}: scaled by "
            f"{self.scaling!r}."
        )

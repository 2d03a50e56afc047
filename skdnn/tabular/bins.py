"""Quantile bins of the piecewise linear encoding.

With edges b_0 < ... < b_T a number x in bin t, b_t <= x < b_t+1, is T features: 1 for the bins
below t, the fraction f = (x - b_t) / (b_t+1 - b_t) for bin t, 0 above. Below b_0 the fraction of
the first bin is negative, above b_T that of the last exceeds 1: linear extrapolation. The product
with weights W (T, d) is then the sum of the rows of W before t, plus f W_t.

References
----------
Gorishniy, Rubachev, Babenko, On embeddings for numerical features in tabular deep learning, NeurIPS
2022.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from skdnn._dtypes import ACCUMULATOR, BIN, FRACTION
from skdnn.tabular.numeric import quantiles

#: Beyond it, differences may overflow.
_FAR = 2.0**960
#: Number of elements of a chunk, which stays in the cache.
_CHUNK = 2**13
#: Of the fractions.
_LIMIT = float(np.finfo(FRACTION).max)


@dataclass(eq=False)
class BinEdges:
    """Quantile bins of each column; values heavier than a bin are edges themselves.

    Parameters
    ----------
    n_bins : int, default=16
        Maximum number of bins of a column; equal quantiles are merged.

    Attributes
    ----------
    edges : list of n_columns float64 arrays
        Increasing, one more than there are bins. A constant column has one infinitely wide bin, in
        which every fraction is 0.
    """

    n_bins: int = 16
    edges: list[np.ndarray] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if not 1 <= self.n_bins <= 2**8:
            raise ValueError(f"n_bins must be between 1 and {2**8}, got {self.n_bins!r}.")

    @property
    def bin_counts(self) -> list[int]:
        """Number of bins of each column."""
        return [edges.size - 1 for edges in self.edges]

    def fit(self, X: np.ndarray, weights: np.ndarray | None = None) -> BinEdges:
        """Compute the edges from training rows.

        Parameters
        ----------
        X : (n_samples, n_columns) float array
            Finite.
        weights : (n_samples,) float array, default=None
            Non-negative, not all 0; a weight of 0 is the same as no row.

        Returns
        -------
        self : BinEdges
        """
        probabilities = np.linspace(0, 1, self.n_bins + 1)
        self.edges = []
        vars(self).pop("_tables", None)
        rows: Any = slice(None)
        if weights is not None and not weights.all():
            rows = weights > 0
            weights = weights[rows]
        for column in X.T:
            column = column[rows]  # not of all columns at once: X is large
            edges = np.unique(quantiles(column, probabilities, weights))
            if edges.size < probabilities.size:
                edges = _edges_beside_heavy(column, self.n_bins, weights)
            self.edges.append(np.append(edges, np.inf) if edges.size == 1 else edges)
        return self

    def extended(self, columns: Mapping[int, np.ndarray]) -> BinEdges:
        """The edges with those of some columns computed again.

        Parameters
        ----------
        columns : mapping of int to (n_values,) float arrays
            Finite values by column.

        Returns
        -------
        edges : BinEdges
        """
        other = BinEdges(self.n_bins)
        other.edges = list(self.edges)
        for j, values in columns.items():
            [other.edges[j]] = BinEdges(self.n_bins).fit(values[:, None]).edges
        return other

    def locate(
        self, X: np.ndarray, low: float = -_LIMIT, high: float = _LIMIT
    ) -> tuple[np.ndarray, np.ndarray]:
        """Find the bin of each number, and its position in the bin.

        Parameters
        ----------
        X : (n_samples, n_columns) float array
            Finite.
        low, high : float
            Range that the positions are clipped to; that of float32, if not given.

        Returns
        -------
        bins : (n_samples, n_columns) uint8 array
        fractions : (n_samples, n_columns) float32 array
        """
        bins = np.empty(X.shape, dtype=BIN)
        fractions = np.empty(X.shape, dtype=FRACTION)
        between, levels, lower, width, unit = self._tables
        n_columns = X.shape[1]
        columns = np.arange(n_columns)
        step = max(1, _CHUNK // max(1, n_columns))
        # Far outside of narrow bins the fraction is clipped to the range of float32.
        with np.errstate(over="ignore"):
            for start in range(0, len(X), step):
                rows = slice(start, start + step)
                x = X[rows].astype(ACCUMULATOR)
                if len(x) == 1:
                    # All edges at once take less time than the calls of a search.
                    place = (between <= x).sum(axis=0, keepdims=True)
                    bins[rows] = place
                    place *= n_columns
                    place += columns
                else:
                    # A binary search in all columns at once.
                    place = np.empty(x.shape, dtype=np.intp)
                    place[...] = columns
                    for n_skipped, edges in levels:
                        place += n_skipped * (edges.take(place) <= x)
                    bins[rows] = place // max(1, n_columns)
                x *= unit
                x -= lower.take(place)
                fractions[rows] = np.divide(x, width.take(place), out=x)
        np.minimum(np.maximum(fractions, low, out=fractions), high, out=fractions)
        return bins, fractions

    @cached_property
    def _tables(
        self,
    ) -> tuple[np.ndarray, list[tuple[int, np.ndarray]], np.ndarray, np.ndarray, np.ndarray]:
        """What ``locate`` looks up, in flat tables of a row for each bin and all columns.

        Returns
        -------
        between : (n_edges, n_columns) array
            The edges between bins in increasing order, then infinity.
        levels : list of (int, array)
            Of the binary search: where the edge between two bins, so many elements ahead, is
            reached, as many are skipped. It is infinite in columns with fewer bins than others.
        lower, width : (n_bins * n_columns,) arrays
        unit : (n_columns,) array
            What numbers of the column, ``lower`` and ``width`` are multiplied by.
        """
        n_columns, n_bins = len(self.edges), max(self.bin_counts, default=1)
        depth = (n_bins - 1).bit_length()
        between = np.full((2**depth - 1, n_columns), np.inf)
        lower, width = np.zeros((n_bins, n_columns)), np.ones((n_bins, n_columns))
        unit = np.ones(n_columns)
        for j, edges in enumerate(self.edges):
            n = edges.size - 1
            between[: n - 1, j] = edges[1:-1]
            if edges[0] < -_FAR or edges[-1] > _FAR:
                # Halved, so that the difference of two finite numbers is finite.
                unit[j] = 0.5
            lower[:n, j] = edges[:-1] * unit[j]
            width[:n, j] = np.diff(edges * unit[j])
        steps = [2**level for level in reversed(range(depth))]
        levels = [(n * n_columns, between[n - 1 :].ravel()) for n in steps]
        return between, levels, lower.ravel(), width.ravel(), unit

    def __getstate__(self) -> dict[str, Any]:
        """The state without cached properties."""
        return {name: value for name, value in vars(self).items() if name != "_tables"}


def _edges_beside_heavy(column: np.ndarray, n_bins: int, weights: np.ndarray | None) -> np.ndarray:
    """Edges with heavy values, which weigh more than a bin, as edges; other bins share the rest.

    The non-zero values of a column that is mostly zero keep their resolution (as in Ke et al. 2017,
    "LightGBM").
    """
    values, inverse = np.unique(column, return_inverse=True)
    mass = np.bincount(inverse, weights)
    heavy = mass * n_bins > mass.sum()
    light = ~heavy[inverse]
    n_left = n_bins - np.count_nonzero(heavy)
    left = None if weights is None else weights[light]
    edges = found = np.union1d(values[heavy], values[[0, -1]])
    # The number of edges may be too large, because minimum and maximum are edges, too.
    while light.any() and n_left > 0:
        probabilities = np.linspace(0, 1, n_left + 1)
        edges = np.union1d(found, quantiles(column[light], probabilities, left))
        if edges.size <= n_bins + 1:
            break
        n_left -= 1
    return edges

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
from copy import copy
from dataclasses import dataclass, field

import numpy as np

from skdnn._dtypes import ACCUMULATOR, BIN, FRACTION
from skdnn.tabular.numeric import quantiles

#: Beyond it, differences may overflow.
_FAR = 2.0**960


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
            Above 0.

        Returns
        -------
        self : BinEdges
        """
        probabilities = np.linspace(0, 1, self.n_bins + 1)
        self.edges = []
        for column in X.T:
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
        other = copy(self)
        other.edges = list(self.edges)
        for j, values in columns.items():
            [other.edges[j]] = BinEdges(self.n_bins).fit(values[:, None]).edges
        return other

    def locate(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Find the bin of each number, and its position in the bin.

        Parameters
        ----------
        X : (n_samples, n_columns) float array
            Finite.

        Returns
        -------
        bins : (n_samples, n_columns) uint8 array
        fractions : (n_samples, n_columns) float32 array
        """
        bins = np.empty(X.shape, dtype=BIN)
        fractions = np.empty(X.shape, dtype=FRACTION)
        # Far outside of narrow bins the fraction is clipped to the range of float32.
        with np.errstate(over="ignore"):
            for j, edges in enumerate(self.edges):
                x = np.ascontiguousarray(X[:, j], dtype=ACCUMULATOR)
                t = edges[1:-1].searchsorted(x, side="right")
                bins[:, j] = t
                if edges[0] < -_FAR or edges[-1] > _FAR:
                    # Halved, so that the difference of two finite numbers is finite.
                    x, edges = x * 0.5, edges * 0.5
                fractions[:, j] = (x - edges[t]) / (edges[t + 1] - edges[t])
        limit = np.finfo(FRACTION).max
        return bins, np.clip(fractions, -limit, limit, out=fractions)


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

"""Encoding of tables: scaled numbers, bins, and codes of categories.

The same arithmetic, and the same roundings, as in ``skdnn.tabular``.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from numbers import Real
from typing import Any, NamedTuple

import numpy as np

from skdnn_light.checks import scalar
from skdnn_light.tables import Columns, is_missing

#: Limit of the smooth clipping, and what is far beyond it: its square does not overflow.
_LIMIT, _FAR = 3.0, 1e9
#: Range of linear extrapolation outside of the bins.
_FRACTIONS = -3.0, 4.0
#: So many values are probably not all unknown.
_MANY_ROWS = 10
#: Beyond it, differences of edges may overflow.
_FAR_EDGE = 2.0**960


class Rows(NamedTuple):
    """Encoded rows.

    Attributes
    ----------
    numbers : (n_rows, n_numbers + n_indicators) array
        In the dtype of the network.
    bins : dict of int to (bins, fractions)
        For each number of bins the bin of each number, and its place in the bin.
    codes : (n_rows, n_categorical) int32 array
        0 is unknown.
    """

    numbers: np.ndarray
    bins: dict[int, tuple[np.ndarray, np.ndarray]]
    codes: np.ndarray


class Encoder:
    """Encodes tables.

    Parameters
    ----------
    encoding : dict
        Of the document.
    arrays : mapping of str to array
    dtype : dtype of the network
    """

    def __init__(
        self, encoding: dict[str, Any], arrays: Mapping[str, np.ndarray], dtype: np.dtype
    ) -> None:
        self.dtype, self.scaling, self._labels = dtype, encoding["scaling"], encoding["labels"]
        kinds = [column["kind"] for column in encoding["columns"]]
        self._numeric = [j for j, kind in enumerate(kinds) if kind == "number"]
        self._categorical = [j for j, kind in enumerate(kinds) if kind == "category"]
        self._codes = [
            _codes_of(each["values"], each["has_missing"]) for each in encoding["categories"]
        ]
        self._center, self._scale, self._imputation = (
            np.array(arrays[name]) for name in ("center", "scale", "imputation")
        )
        self._indicated = encoding["indicated"]
        self._bins = {
            n: Bins(arrays[f"edges.{n}.values"], arrays[f"edges.{n}.counts"])
            for n in encoding["n_bins"]
        }

    def columns_of(self, X: Columns) -> tuple[np.ndarray, np.ndarray]:
        """Numbers as they are, and the codes of categories, of all rows of a table.

        Warns
        -----
        UserWarning
            If the values of a column have another type than its categories, or many are unknown.
        """
        codes = np.empty((X.n_rows, len(self._categorical)), np.int32)
        doubts: list[str | None] = []
        for i, j in enumerate(self._categorical):
            known, missing = self._codes[i]
            items = X.items(j)
            try:
                codes[:, i] = [
                    known.get(item) or (missing if is_missing(item) else 0) for item in items
                ]
            except TypeError as error:
                raise TypeError(f"Column {X.label(j)} cannot hold categories: {error}.") from error
            if not ((codes[:, i] > 0) & (codes[:, i] <= len(known))).any():
                doubts.append(_doubt(known, items, X.label(j)))
        if any(doubts):
            warnings.warn(
                "No value of these columns is a known category: "
                f"{'; '.join(filter(None, doubts))}. Give them the type and spelling of the "
                "training data.",
                stacklevel=5,
            )
        return X.numbers(self._numeric), codes

    def rows(self, numbers: np.ndarray, codes: np.ndarray) -> Rows:
        """Encode some rows of what ``columns_of`` returns.

        Raises
        ------
        ValueError
            If a number is infinite, or beyond the range of the dtype.
        """
        x = numbers.astype(np.float64)
        missing = np.isnan(x)
        self._check_finite(x, "infinity")
        np.copyto(x, self._imputation, where=missing)
        n = x.shape[1]
        encoded = np.empty((len(x), n + len(self._indicated)), self.dtype)
        with np.errstate(over="ignore"):
            encoded[:, :n] = self._scaled(x)
        encoded[:, n:] = missing[:, self._indicated]
        scaled = encoded[:, :n]
        more = f": scaled by {self.scaling!r}"
        self._check_finite(scaled, f"a value too large for {self.dtype}", more)
        bins = {n_bins: each.locate(scaled) for n_bins, each in self._bins.items()}
        return Rows(encoded, bins, codes)

    def _scaled(self, x: np.ndarray) -> np.ndarray:
        if self.scaling is None:
            return x
        # Halved, so that the difference of two finite numbers is finite.
        x = (x * 0.5 - self._center * 0.5) * (self._scale * 2)
        if self.scaling == "robust":
            x = np.minimum(np.maximum(x, -_FAR), _FAR)
            x = x / np.sqrt(1 + (x / _LIMIT) ** 2)
        return x

    def _check_finite(self, x: np.ndarray, what: str, more: str = "") -> None:
        infinite = np.isinf(x).any(axis=0)
        if infinite.any():
            label = self._labels[int(infinite.argmax())]
            raise ValueError(f"Input X contains {what} in column {label}{more}.")


def _doubt(known: Mapping[Any, int], items: Any, label: str) -> str | None:
    """A message about a column without any known category, or None if it is plausible.

    It is not if no value has the type of a category, or if there are many.
    """
    found = [item for item in items if not is_missing(item)]
    if not found or not known:
        return None
    kinds, before = (set(map(_kind, each)) for each in (found, known))
    if kinds & before and (len(set(found)) == 1 or len(found) < _MANY_ROWS):
        return None
    had, has = (
        f"{', '.join(map(repr, each[:2]))} ({type(each[0]).__name__})"
        for each in (list(known), list(dict.fromkeys(found)))
    )
    return f"{label} has {has}, had {had}"


def _kind(value: Any) -> str:
    """The name of a type; one for all numbers, since 1 equals True."""
    return "number" if isinstance(value, Real) else type(value).__name__


def _codes_of(values: list, has_missing: bool) -> tuple[dict[Any, int], int]:
    """Codes of the categories, and of missing values."""
    known = {scalar(value): code for code, value in enumerate(values, start=1)}
    return known, len(known) + 1 if has_missing else 0


class Bins:
    """Bins of each numeric column.

    Parameters
    ----------
    values : (n_edges,) array
        The edges of all columns, one after the other.
    counts : (n_columns,) int array
        Number of edges of each.
    """

    def __init__(self, values: np.ndarray, counts: np.ndarray) -> None:
        columns = np.split(values, np.cumsum(counts)[:-1]) if counts.size else []
        most = max(counts.tolist(), default=2) - 1
        #: Edges between the bins, then infinity; lower edges and widths.
        self._between = np.full((counts.size, most - 1), np.inf)
        self._lower, self._width = np.zeros((2, counts.size, most))
        self._unit = np.ones(counts.size)
        for j, edges in enumerate(columns):
            n = edges.size - 1
            if edges[0] < -_FAR_EDGE or edges[-1] > _FAR_EDGE:
                # Halved, so that the difference of two finite numbers is finite.
                self._unit[j] = 0.5
            self._between[j, : n - 1] = edges[1:-1]
            self._lower[j, :n] = edges[:-1] * self._unit[j]
            self._width[j, :n] = np.diff(edges * self._unit[j])

    def locate(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The bin of each number (n_rows, n_columns), and the fraction of it that lies below."""
        x = x.astype(np.float64)
        bins = (self._between <= x[:, :, None]).sum(axis=2)
        columns = np.arange(x.shape[1])
        with np.errstate(over="ignore"):
            fractions = (x * self._unit - self._lower[columns, bins]) / self._width[columns, bins]
            return bins, np.clip(fractions.astype(np.float32), *_FRACTIONS)

"""From the description of data to rows, targets and weights; the same ones in any process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from fuzz.cases import Data
from fuzz.columns import make_columns
from fuzz.targets import OFFSETS, TARGETS, WEIGHTS
from scipy import sparse


class Rows(NamedTuple):
    """As the estimator gets them."""

    X: Any
    y: Any
    weights: Any = None
    offset: Any = None

    def take(self, index: np.ndarray) -> Rows:
        """Some of the rows, in containers of the same kind."""
        return Rows(*(None if each is None else take(each, index) for each in self))


def n_rows(X: Any) -> int:
    return X.shape[0] if hasattr(X, "shape") else len(X)


def take(values: Any, index: np.ndarray) -> Any:
    """Some rows of any container."""
    if isinstance(values, list):
        return [values[i] for i in index]
    if hasattr(values, "iloc"):
        return values.iloc[index]
    if sparse.issparse(values):
        return values.tocsr()[index].asformat(values.format)
    return values[index]


# -------------------------------------------------------------------------------------------------
# Defects
# -------------------------------------------------------------------------------------------------


def _spoilt(X: Any, value: Any) -> Any:
    if isinstance(X, list):
        return [[value, *X[0][1:]], *X[1:]]
    X = X.copy()
    if hasattr(X, "iloc"):
        X = X.astype({X.columns[0]: object})
        X.iloc[0, 0] = value
        return X
    if sparse.issparse(X):
        X = X.tolil()
    X = X if X.dtype.kind in "fO" else X.astype(float)
    X[0, 0] = value
    return X.asformat("csr") if sparse.issparse(X) else X


def _missing_target(y: Any, value: Any) -> Any:
    values = (y.toarray() if sparse.issparse(y) else np.asarray(y)).astype(object)
    values[(0,) * values.ndim] = value
    return values


def _bad_weight(rows: Rows, value: float) -> Rows:
    weights = np.ones(n_rows(rows.X))
    weights[0] = value
    return rows._replace(weights=weights)


def _flat(X: Any) -> Any:
    return take(X, np.arange(1))[0] if isinstance(X, list) else np.zeros(n_rows(X))


#: What can be wrong: name -> rows -> rows. Refused, all of them.
DEFECTS: dict[str, Callable[[Rows], Rows]] = {
    "infinity": lambda rows: rows._replace(X=_spoilt(rows.X, np.inf)),
    "short_y": lambda rows: rows._replace(y=take(rows.y, np.arange(n_rows(rows.X) - 1))),
    "short_weights": lambda rows: rows._replace(weights=np.ones(n_rows(rows.X) + 1)),
    "missing_target": lambda rows: rows._replace(y=_missing_target(rows.y, np.nan)),
    "none_target": lambda rows: rows._replace(y=_missing_target(rows.y, None)),
    "na_target": lambda rows: rows._replace(y=_missing_target(rows.y, pd.NA)),
    "infinite_target": lambda rows: rows._replace(y=_missing_target(rows.y, np.inf)),
    "negative_weight": lambda rows: _bad_weight(rows, -1.0),
    "nan_weight": lambda rows: _bad_weight(rows, np.nan),
    "zero_weights": lambda rows: rows._replace(weights=np.zeros(n_rows(rows.X))),
    "no_rows": lambda rows: rows.take(np.arange(0)),
    "one_dimension": lambda rows: rows._replace(X=_flat(rows.X)),
    "no_target": lambda rows: rows._replace(y=None),
}
#: Of a regressor alone.
OFFSET_DEFECTS: dict[str, Callable[[Rows], Rows]] = {
    "missing_offset": lambda rows: rows._replace(offset=np.full(n_rows(rows.X), np.nan)),
    "large_offset": lambda rows: rows._replace(offset=np.full(n_rows(rows.X), 1e6)),
    "short_offset": lambda rows: rows._replace(offset=np.zeros(n_rows(rows.X) - 1)),
}


def defects_of(task: str) -> dict[str, Callable[[Rows], Rows]]:
    """What can be wrong with the rows of a task."""
    return DEFECTS if task == "classification" else {**DEFECTS, **OFFSET_DEFECTS}


def make_rows(data: Data, task: str) -> Rows:
    """Rows to train with."""
    rng = np.random.RandomState(data.seed)
    X = make_columns(data, data.n_rows, rng)
    y = TARGETS[task][data.target](data.n_rows, rng)
    weights = None if data.weights is None else WEIGHTS[data.weights](data.n_rows, rng)
    offset = None if data.offset is None else OFFSETS[data.offset](data.n_rows, rng)
    rows = Rows(X, y, weights, offset)
    return rows if data.defect is None else defects_of(task)[data.defect](rows)


def dense_targets(y: Any) -> np.ndarray:
    """Targets as an array; a single column is a vector."""
    y = y.toarray() if sparse.issparse(y) else np.asarray(y)
    return y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y


def numbers_of(rows: Rows) -> np.ndarray:
    """Targets of a regressor, for an offset of 0."""
    y = dense_targets(rows.y).astype(float)
    if rows.offset is None:
        return y
    with np.errstate(over="ignore"):
        return (y.T / np.exp(np.asarray(rows.offset, dtype=float).ravel())).T


def make_new(data: Data, n: int) -> Any:
    """Other rows of the same columns, with values and categories that training has not seen."""
    return make_columns(data, n, np.random.RandomState(data.seed ^ 0x5EED))

"""Lazy predictions for Dask collections, a partition at a time."""

from __future__ import annotations

import warnings
from copy import copy
from typing import Any, NamedTuple

import dask.array as da
import numpy as np
import pandas as pd
from dask.delayed import delayed

from skdnn._sklearn import validate_data
from skdnn.distributed._collections import by_rows, is_frame


class Call(NamedTuple):
    """A method of a fitted estimator whose result has a row for each row of X."""

    method: str
    options: dict[str, Any]
    #: Which of several results; None if there is one.
    item: int | None = None

    def of(self, model: Any, X: Any) -> np.ndarray:
        result = getattr(model, self.method)(X, **self.options)
        return result if self.item is None else result[self.item]


def predicted(model: Any, X: Any, call: Call) -> Any:
    """What a method of a fitted estimator returns, for the rows of a Dask collection.

    Parameters
    ----------
    model : BaseDNN
        Plain estimator; it is sent to each worker once.
    X : Dask data frame or Dask array
    call : Call

    Returns
    -------
    y : Dask array, data frame or series
        Of a data frame with its index, except with three dimensions, which are an array.

    Raises
    ------
    ValueError
        If X has other columns than in training.
    """
    X = by_rows(X, "X")
    row = _result_for_a_row(model, call)
    # Of the columns of X nothing else is known yet.
    checked = X._meta if is_frame(X) else np.empty((1, X.shape[1]))
    validate_data(model, checked, reset=False, skip_check_array=True)
    lazy_model = delayed(model, pure=False, traverse=False)
    arguments = {"call": call, "empty": row[:0]}
    if not is_frame(X):
        return X.map_blocks(
            _predict_array,
            lazy_model,
            **arguments,
            dtype=row.dtype,
            drop_axis=[1] if row.ndim == 1 else None,
            new_axis=list(range(2, row.ndim)) or None,
            chunks=(X.chunks[0], *row.shape[1:]),
            meta=row[:0],
        )
    if row.ndim > 2:
        predict = delayed(_predict_array, pure=False)
        blocks = [
            da.from_delayed(
                predict(part, lazy_model, **arguments), (np.nan, *row.shape[1:]), meta=row[:0]
            )
            for part in X.to_delayed()
        ]
        return da.concatenate(blocks, allow_unknown_chunksizes=True)
    columns, dtype = _column_names(model, call.method, row), _column_dtype(model, row)
    meta = _as_frame(row[:0], X._meta.index[:0], columns, dtype)
    return X.map_partitions(
        _predict_frame, lazy_model, columns=columns, dtype=dtype, **arguments, meta=meta
    )


def _result_for_a_row(model: Any, call: Call) -> np.ndarray:
    """The result of a method for raw predictions of 0: its dtype and shape."""
    probe, row = copy(model), object()
    network = probe._fitted_model().network
    probe._known_raw = row, np.zeros((network.n_members, 1, network.spec.n_out), network.dtype)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return call.of(probe, row)


def _column_names(model: Any, method: str, row: np.ndarray) -> list | None:
    """Names of the columns of a result; None if it is a series."""
    if row.ndim == 1:
        return None
    n_columns = row.shape[1]
    if method == "predict_interval":
        return ["lower", "upper"]
    if method != "predict_quantiles":
        names = getattr(model, "classes_", ())
        if isinstance(names, np.ndarray) and len(names) == n_columns:
            return list(names)
    return list(range(n_columns))


def _column_dtype(model: Any, row: np.ndarray) -> Any:
    """The dtype of the columns of a result; labels that are all text are Dask's strings.

    Parquet files and others need to know that objects are text before there is any.
    """
    if row.dtype.kind not in "OU":
        return row.dtype
    classes = model.classes_ if isinstance(model.classes_, list) else [model.classes_]
    is_text = all(isinstance(label, str) for labels in classes for label in labels)
    return pd.StringDtype("pyarrow") if is_text else np.dtype(object)


def _predict_array(X: Any, model: Any, call: Call, empty: np.ndarray) -> np.ndarray:
    return call.of(model, X) if X.shape[0] else empty


def _predict_frame(
    X: Any, model: Any, call: Call, empty: np.ndarray, columns: list | None, dtype: Any
) -> Any:
    return _as_frame(_predict_array(X, model, call, empty), X.index, columns, dtype)


def _as_frame(values: np.ndarray, index: pd.Index, columns: list | None, dtype: Any) -> Any:
    # The dtype is given, because pandas would choose one for objects by their values.
    if columns is None:
        return pd.Series(values, index=index, dtype=dtype)
    return pd.DataFrame(values, index=index, columns=columns, dtype=dtype)

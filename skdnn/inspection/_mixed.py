"""Predictions for rows whose columns come from different rows of a table."""

from __future__ import annotations

from copy import copy
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import issparse
from sklearn.base import is_classifier
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from skdnn.estimators._base import BaseDNN
from skdnn.estimators._tables import in_memory, rows_to_predict
from skdnn.tabular.encoder import Table
from skdnn.tabular.schema import Columns

#: Values (rows times columns) that are predicted at a time.
BLOCK_VALUES = 2**21


def as_table(X: Any, name: str = "X") -> Any:
    """A table as a pandas or polars data frame or as an array.

    Raises
    ------
    TypeError
        If it is sparse, or no table.
    ValueError
        If it has no rows.
    """
    if issparse(X):
        raise TypeError(f"{name} must be dense: use {name}.toarray(), or fewer rows of it.")
    X = in_memory(X, name)
    if not (isinstance(X, pd.DataFrame) or hasattr(X, "vstack")):
        X = X.to_pandas() if hasattr(X, "to_pandas") else X
    if not hasattr(X, "columns"):
        X = np.asarray(X)
        X = X.astype(object) if X.dtype.kind in "SU" else X
    if len(X.shape) != 2 or 0 in X.shape:
        raise ValueError(f"{name} must have rows and columns. Got shape {tuple(X.shape)}.")
    return X


def names_of(X: Any) -> list[str]:
    """Names of the columns; ``x0``, ``x1``, ... if the table has none."""
    columns = Columns(X)
    return [str(name) for name in columns.names or [f"x{j}" for j in range(columns.n_columns)]]


def positions_of(columns: Any, names: list[str]) -> list[int]:
    """Positions of columns that are given by name or position, one or several.

    Raises
    ------
    ValueError
        If there is no such column.
    """
    found = []
    for column in [columns] if isinstance(columns, (str, int, np.integer)) else columns:
        if isinstance(column, str) and column in names:
            found.append(names.index(column))
        elif isinstance(column, (int, np.integer)) and 0 <= column < len(names):
            found.append(int(column))
        else:
            raise ValueError(
                f"There is no column {column!r}. The {len(names)} columns are "
                f"{', '.join(map(repr, names[:30]))}{', ...' if len(names) > 30 else ''}; a "
                "position is accepted as well."
            )
    return found


def grouped(feature_groups: Any, names: list[str]) -> dict[str, list[int]]:
    """Groups of columns by name: those of ``feature_groups``, and each other column alone.

    Parameters
    ----------
    feature_groups : dict of str to list of (str or int), or None
    names : list of str

    Returns
    -------
    groups : dict of str to list of int
        In the order of their first columns.

    Raises
    ------
    ValueError
        If there is no such column, or if one belongs to two groups.
    """
    groups = {}
    for name, columns in (feature_groups or {}).items():
        groups[str(name)] = positions_of(columns, names)
    members = [j for columns in groups.values() for j in columns]
    if len(set(members)) < len(members) or not all(groups.values()):
        raise ValueError(
            "feature_groups must be a dict of lists of columns that have no column in common. Got "
            f"{feature_groups!r}."
        )
    alone = {names[j]: [j] for j in range(len(names)) if j not in members}
    if alone.keys() & groups.keys():
        taken = sorted(alone.keys() & groups.keys())
        raise ValueError(f"Names of feature_groups that are names of other columns: {taken}.")
    return dict(sorted({**groups, **alone}.items(), key=lambda item: min(item[1])))


def stacked(X: Any, other: Any) -> Any:
    """The rows of two tables with the same columns, below each other."""
    if isinstance(X, np.ndarray):
        return np.concatenate([X, other])
    if not isinstance(X, pd.DataFrame):
        from polars import concat

        return concat([X, other], how="vertical_relaxed")
    columns = []
    for first, second in zip(X.items(), other.items(), strict=True):
        parts = [first[1], second[1]]
        if all(isinstance(part.dtype, pd.CategoricalDtype) for part in parts):
            # Otherwise different categories become objects.
            columns.append(pd.Series(pd.api.types.union_categoricals(parts)))
        else:
            columns.append(pd.concat(parts, ignore_index=True))
    return pd.concat(columns, axis=1, keys=X.columns)


def mixed(X: Any, sources: np.ndarray) -> Any:
    """A table of the kind of X: value (i, j) is X[sources[i, j], j].

    Parameters
    ----------
    X : table of shape (n_samples, n_columns)
    sources : (n_rows, n_columns) int array
    """
    if isinstance(X, np.ndarray):
        return np.take_along_axis(X, sources, axis=0)
    if not isinstance(X, pd.DataFrame):
        columns = zip(X.get_columns(), sources.T, strict=True)
        return type(X)([column.gather(rows) for column, rows in columns])
    values = {j: X.iloc[:, j].array.take(rows) for j, rows in enumerate(sources.T)}
    return pd.DataFrame(values).set_axis(X.columns, axis=1)


class MixedRows:
    """Makes rows whose columns come from different rows of a table.

    Parameters
    ----------
    estimator : fitted estimator
    X : table of shape (n_samples, n_columns), as ``as_table`` returns it
    """

    def __init__(self, estimator: Any, X: Any) -> None:
        check_is_fitted(estimator)
        self.estimator, self._X = getattr(estimator, "best_estimator_", estimator), X
        self.n_samples, self.n_columns = X.shape
        #: The encoded table, if the columns are encoded independently of each other.
        self._table: Table | None = None
        if isinstance(self.estimator, BaseDNN) and self.estimator._model.inputs is not None:
            self._encode()

    def _encode(self) -> None:
        """Encode every column once, instead of in each of many predictions."""
        model = self.estimator._model
        encoder = model.inputs.encoder
        self._table = model.encoded(rows_to_predict(self.estimator, self._X))
        numbers = np.flatnonzero(~encoder.is_categorical)
        # Behind the numbers are the indicators of missing values.
        self._numbers = np.append(numbers, numbers[encoder.scaler.indicated]).astype(int)
        self._categories = np.flatnonzero(encoder.is_categorical)

    def rows(self, sources: np.ndarray) -> tuple[Any, Any]:
        """Mixed rows, and an estimator whose methods predict for them.

        Parameters
        ----------
        sources : (n_rows, n_columns) int array
            Row of the table that each value is taken from.

        Returns
        -------
        estimator : object
            A copy that has predicted these rows, and knows only them, if they are encoded.
        rows : object
            Argument of its methods.
        """
        if self._table is None:
            return self.estimator, mixed(self._X, sources)
        rows = self._encoded(sources)
        raw = self.estimator._model.predict_encoded(rows, self.estimator.n_jobs)
        return knowing(self.estimator, rows, raw), rows

    def members(self, sources: np.ndarray) -> list[tuple[Any, Any]]:
        """As ``rows``, and the same for each member, if there are several of them."""
        estimator, rows = self.rows(sources)
        while isinstance(estimator, Pipeline):
            rows = estimator[:-1].transform(rows) if len(estimator) > 1 else rows
            estimator = estimator.steps[-1][1]
        pairs = [(estimator, rows)]
        if isinstance(estimator, BaseDNN) and estimator._model.network.n_members > 1:
            raw, model = estimator._member_raw(rows), estimator._model
            for i in range(len(raw)):
                member = knowing(estimator, rows, raw[i : i + 1])
                member._model = model.part(slice(i, i + 1))
                pairs.append((member, rows))
        return pairs

    @property
    def member_weights(self) -> np.ndarray:
        """Weight of each member of a DNN estimator: (n_members,), of sum 1."""
        estimator = self.estimator
        while isinstance(estimator, Pipeline):
            estimator = estimator.steps[-1][1]
        return estimator._model.member_weights

    def _encoded(self, sources: np.ndarray) -> Table:
        assert self._table is not None
        numbers, codes = self._table
        return Table(
            numbers[sources[:, self._numbers], np.arange(numbers.shape[1])],
            codes[sources[:, self._categories], np.arange(codes.shape[1])],
        )

    def blocks(self, n_rows: int) -> list[slice]:
        """Slices of ``n_rows`` rows, each small enough to be predicted at a time."""
        size = max(1, BLOCK_VALUES // self.n_columns)
        return [slice(first, first + size) for first in range(0, n_rows, size)]


def knowing(estimator: BaseDNN, rows: Any, raw: np.ndarray) -> BaseDNN:
    """A copy of a fitted estimator whose predictions of ``rows`` are known.

    Parameters
    ----------
    estimator : DNNClassifier or DNNRegressor
    rows : object
    raw : (n_members, n_rows, n_outputs) array
    """
    twin = copy(estimator)
    twin._known_raw = rows, raw
    return twin


class Response:
    """What is explained: real numbers that a method of an estimator returns.

    Parameters
    ----------
    estimator : fitted estimator
    response_method : str
        "auto" or the name of a method.

    Attributes
    ----------
    method : str
    outputs : list or None
        Labels of the outputs: classes, or positions. For two classes there is one output, for
        ``classes_[1]``. None before the first prediction.
    """

    def __init__(self, estimator: Any, response_method: str) -> None:
        method, classifies = response_method, is_classifier(estimator)
        if method == "auto":
            names = ["predict_proba", "decision_function"] if classifies else ["predict"]
            method = next((name for name in names if hasattr(estimator, name)), names[-1])
        if not isinstance(method, str) or not callable(getattr(estimator, method, None)):
            raise ValueError(
                "response_method must be 'auto' or the name of a method of the estimator that "
                f"predicts. Got {response_method!r} for {type(estimator).__name__}."
            )
        if classifies and method == "predict":
            raise ValueError(
                "response_method='predict' returns labels. Use 'predict_proba' or "
                "'decision_function' for a classifier."
            )
        self.method, self._classifies = method, classifies
        self.outputs: list | None = None

    def __call__(self, estimator: Any, X: Any) -> np.ndarray:
        """Predictions of shape (n_rows, n_outputs) in float64."""
        found = getattr(estimator, self.method)(X)
        # Of several columns of labels there is an array for each.
        found = np.hstack(found) if isinstance(found, list) else found
        found = np.asarray(found, dtype=np.float64)
        if found.ndim == 1:
            found = found[:, None]
        if found.ndim != 2:
            raise ValueError(
                f"response_method={self.method!r} must return an array of shape (n_samples,) or "
                f"(n_samples, n_outputs). Got shape {found.shape}."
            )
        if self.outputs is None:
            self.outputs = list(range(found.shape[1]))
            # Labels that exclude each other are predicted as one column.
            if self._classifies and np.ndim(estimator.predict(X)) == 1:
                self.outputs = np.asarray(estimator.classes_).tolist()[-found.shape[1] :]
                self.outputs = self.outputs[-1:] if len(self.outputs) == 2 else self.outputs
            elif len(getattr(estimator, "classes_", [])) == found.shape[1]:
                self.outputs = np.asarray(estimator.classes_).tolist()
        return found[:, -1:] if len(self.outputs) == 1 else found

    def position(self, output: Any) -> int:
        """Position of an output; None is the only one."""
        return output_position(output, self.outputs or [])

    def label(self, output: Any = None) -> str:
        """Name of the response, for an axis; of one output, if it is not the only one."""
        names = {"predict_proba": "Probability", "decision_function": "Decision function"}
        name = names.get(self.method, "Prediction")
        if output is None or (self.outputs == [output] and self.method not in names):
            return name
        return f"{name} of {output}"


def output_position(output: Any, outputs: list) -> int:
    """Position of an output among those there are; None is the only one.

    Raises
    ------
    ValueError
        If there is no such output, or if it must be chosen.
    """
    if output is None and len(outputs) == 1:
        return 0
    if output in outputs:
        return outputs.index(output)
    raise ValueError(f"output must be one of {outputs}. Got {output!r}.")

"""The inputs of a graph: one for each column, or a matrix of all of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import chain, count
from math import inf, nan
from typing import Any

import numpy as np
from scipy.sparse import issparse

from skdnn.estimators._document import document_of
from skdnn.estimators._tables import rows_to_predict
from skdnn.export._extra import check_model
from skdnn.tabular.categories import factorize
from skdnn.tabular.schema import Columns
from skdnn_light.checks import scalar

#: Name of the input if there is one for all columns.
MATRIX = "X"
#: NumPy's dtype of an input, by the name in the metadata of a graph.
DTYPES = {"double": np.dtype(np.float64), "int64": np.dtype(np.int64), "string": np.dtype(object)}
_LEAST, _MOST = -(2**63), 2**63 - 1


@dataclass(frozen=True)
class Column:
    """A column of X as an input of a graph.

    Attributes
    ----------
    name : str
    kind : {"number", "category"}
    type : {"double", "int64", "string"}
        Of the tensor.
    values : tuple
        Known categories; ``values[i]`` has code ``i + 1``.
    has_missing : bool
        Whether missing values are a category of their own, with the last code; if not, they are
        unknown.
    """

    name: str
    kind: str = "number"
    type: str = "double"
    values: tuple = ()
    has_missing: bool = False

    @cached_property
    def missing(self) -> Any:
        """What stands for a missing value."""
        if self.type == "double":
            return nan
        if self.type == "string" and "" not in self.values:
            return ""
        return self.unknown

    @cached_property
    def unknown(self) -> Any:
        """What stands for a category that the type cannot hold."""
        candidates: Any = {
            "double": chain([inf, -inf], count()),
            "int64": count(_LEAST),
            "string": ("<unknown" + "_" * n + ">" for n in count()),
        }[self.type]
        known = set(self.values)
        return next(each for each in candidates if each not in known)

    def item(self, value: Any) -> Any:
        """A category in the type of the input."""
        if isinstance(value, str) or self.type == "string":
            is_held = isinstance(value, str) and self.type == "string"
            # The text of missing values is a category only if it was one in training.
            is_held = is_held and (value != self.missing or value in self.values)
            return value if is_held else self.unknown
        try:
            if self.type == "double":
                return float(value) if float(value) == value else self.unknown
            return int(value) if int(value) == value and _LEAST <= value <= _MOST else self.unknown
        except (TypeError, ValueError, OverflowError):
            return self.unknown

    def array(self, table: Columns, position: int) -> np.ndarray:
        """The column of a table, (n_rows, 1)."""
        dtype = DTYPES[self.type]
        if self.kind == "number":
            return table.numbers([position]).astype(dtype, order="C")
        codes, uniques = factorize(table[position], table.label(position))
        items = np.empty(len(uniques) + 1, dtype=dtype)
        items[:] = [*map(self.item, uniques), self.missing]
        return items[codes, None]  # -1, the last, is missing


def columns_of(document: dict[str, Any], *, matrix: bool = False) -> list[Column]:
    """The columns of X as inputs of a graph.

    Parameters
    ----------
    document : dict
        See ``document_of``.
    matrix : bool, default=False
        Whether they must be columns of one matrix of numbers.

    Raises
    ------
    ValueError
        If a column cannot be an input.
    """
    encoding = document["encoding"]
    if encoding is None:
        names = document["feature_names"] or [f"x{j}" for j in range(document["n_features"])]
        return [Column(name) for name in names]
    categories = iter(encoding["categories"])
    columns = []
    for each in encoding["columns"]:
        if each["kind"] == "number":
            columns.append(Column(each["name"]))
            continue
        known = next(categories)
        values = tuple(map(scalar, known["values"]))
        found = _type_of(each["name"], values, known["has_missing"], is_number=matrix)
        columns.append(Column(each["name"], "category", found, values, known["has_missing"]))
    return columns


def is_matrix(document: dict[str, Any]) -> bool:
    """Whether one matrix of numbers is the input: of models fitted on X without names."""
    if document["feature_names"] is not None:
        return False
    try:
        columns_of(document, matrix=True)
    except ValueError:
        return False
    return True


def _type_of(name: str, values: tuple, has_missing: bool, *, is_number: bool) -> str:
    """Type of the input of a category; "double" if it must be a number."""
    texts = [value for value in values if isinstance(value, str)]
    if texts and len(texts) < len(values):
        other = next(value for value in values if not isinstance(value, str))
        raise ValueError(
            f"Column {name!r} holds categories of several types, such as {texts[0]!r} and "
            f"{other!r}, but an input of an ONNX graph has one type. Convert the column to text "
            "or to numbers before training."
        )
    if texts and is_number:
        raise ValueError(
            f"Column {name!r} holds text, such as {texts[0]!r}, but the input is one matrix of "
            "numbers. Encode it as numbers in a step before, or use skdnn.export.to_onnx."
        )
    if has_missing and "" in texts:
        raise ValueError(
            f"Column {name!r} has missing values and the category '', which stands for a missing "
            "value in ONNX. Replace one of them before training."
        )
    if texts or not (values or is_number):
        return "string"
    whole = all(isinstance(value, int) and _LEAST <= value <= _MOST for value in values)
    if whole and not (has_missing or is_number):
        return "int64"
    for value in values:
        if not _is_exact(value):
            raise ValueError(
                f"Column {name!r} holds the category {value}, which is not exact in float64. "
                "Convert the column to text before training."
            )
    return "double"


def _is_exact(value: float) -> bool:
    try:
        return float(value) == value
    except OverflowError:
        return False


def onnx_inputs(model: Any, X: Any) -> dict[str, np.ndarray]:
    """The inputs of the ONNX graph of a model, from rows of X.

    A runtime takes the types of the graph only. It does not know missing text: ``onnxruntime``
    makes "None" or "nan" of it, without an error, which are unknown categories.

    Parameters
    ----------
    model : DNNClassifier or DNNRegressor
        Fitted.
    X : {data frame, array-like, sparse matrix} of shape (n_samples, n_features)
        As in ``predict``.

    Returns
    -------
    inputs : dict of str to array
        For a model that was fitted on a data frame, an array of shape (n_samples, 1) for each
        column: float64 for numbers; for categories object (text), int64 (integers and bool) or
        float64 (other numbers, and integers if some were missing in training). Missing values are
        NaN or "". For a model that was fitted on an array of numbers, ``{"X": array}`` in float64.

    Raises
    ------
    NotFittedError
    ValueError
        If X does not have the columns of the training, or if a column cannot be exported.

    See Also
    --------
    to_onnx : Make the graph.

    Examples
    --------
    >>> import pandas as pd
    >>> from skdnn import DNNRegressor
    >>> from skdnn.export import onnx_inputs
    >>> X = pd.DataFrame({"size": [1.5, 2.0, None, 4.0], "color": ["red", None, "red", "blue"]})
    >>> model = DNNRegressor(max_iter=2, random_state=0).fit(X, [1.0, 2.0, 3.0, 4.0])
    >>> inputs = onnx_inputs(model, X[1:3])
    >>> inputs["color"].tolist(), inputs["size"].tolist()
    ([[''], ['red']], [[2.0], [nan]])
    """
    check_model(model, "the inputs are those of its first step")
    document, _ = document_of(model)
    matrix = is_matrix(document)
    columns = columns_of(document, matrix=matrix)
    X = rows_to_predict(model, X)
    table = Columns(X.toarray() if issparse(X) else X)
    if matrix and all(column.kind == "number" for column in columns):
        numbers = table.numbers(list(range(len(columns))))
        return {MATRIX: numbers.astype(np.float64, order="C")}
    arrays = [column.array(table, position) for position, column in enumerate(columns)]
    if matrix:
        return {MATRIX: np.hstack(arrays)}
    return {column.name: array for column, array in zip(columns, arrays, strict=True)}

"""Export of a fitted model as an ONNX graph."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import count
from numbers import Integral
from typing import Any

import numpy as np

from skdnn.estimators._document import document_of
from skdnn.export._columns import DTYPES, MATRIX, Column, columns_of, is_matrix
from skdnn.export._encoding import Encoding
from skdnn.export._extra import check_model, required
from skdnn.export._network import mean_raw, member_raw
from skdnn.export._operators import OLDEST, Operators, newest
from skdnn.export._outputs import ClassOutputs, NumberOutputs, check_task


def to_onnx(model: Any, *, opset: int = 18, outputs: Sequence[str] | None = None) -> Any:
    """Export a fitted model as an ONNX graph: rows of X in, predictions out.

    The graph has all of it: the encoding of the columns, the networks of all members, the mean of
    their predictions, the meaning of the outputs. Arithmetic is as in skdnn: float64 for columns
    and targets, the dtype of the network between. Needs ``pip install "skdnn[export]"``.

    Of a model that was fitted on a data frame each column is an input of shape (n_samples, 1) with
    the column's name; otherwise the input is ``X`` of shape (n_samples, n_features).
    :func:`onnx_inputs` makes them, and describes their types.

    Parameters
    ----------
    model : DNNClassifier or DNNRegressor
        Fitted.
    opset : int, default=18
        Version of the operators, at least 18. Newer ones need newer runtimes, and have no
        advantage.
    outputs : sequence of str, default=None
        Names of the outputs. None is "label" and "probabilities" for a classifier, "prediction"
        for a regressor. All there are:

        - "label": (n_samples,) classes, or (n_samples, n_classes) int64 for multilabel.
        - "probabilities": (n_samples, n_classes), as ``predict_proba``.
        - "prediction": (n_samples,) or (n_samples, n_targets), as ``predict``.
        - "quantiles", as ``predict_quantiles``; "std", as ``predict(X, return_std=True)``.
        - "raw": (n_samples, n_outputs), the raw prediction before the link of the loss.

    Returns
    -------
    onnx_model : onnx.ModelProto
        ``onnx_model.SerializeToString()`` are the bytes of a file. Its ``metadata_props`` are the
        version of skdnn, the classes or levels of quantiles, and the columns, as JSON.

    Raises
    ------
    ImportError
        If a package is missing.
    NotFittedError
    TypeError
        If the model is something else, such as a Pipeline.
    ValueError
        If a column cannot be an input (categories of several types, "" beside missing values) or
        has the name of an output, for several columns of labels, and for an invalid
        ``opset`` or ``outputs``.

    See Also
    --------
    check : Compare the predictions of the graph with those of the model.
    register : Export of a Pipeline.

    References
    ----------
    `ONNX <https://onnx.ai>`_, the open standard for machine learning interoperability.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skdnn import DNNClassifier
    >>> from skdnn.export import check, to_onnx
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> model = DNNClassifier(max_iter=5, random_state=0).fit(X, y)
    >>> onnx_model = to_onnx(model)
    >>> [value.name for value in onnx_model.graph.input][:2]
    ['sepal length (cm)', 'sepal width (cm)']
    >>> bool(check(model, onnx_model, X) < 1e-5)
    True
    """
    check_model(model, "skdnn.export.register(), then skl2onnx.to_onnx(model, X)")
    return graph_of(*document_of(model), opset=opset, outputs=outputs)


def graph_of(
    document: dict[str, Any],
    arrays: dict[str, np.ndarray],
    *,
    opset: int = OLDEST,
    outputs: Sequence[str] | None = None,
) -> Any:
    """The graph of a document: see ``to_onnx`` and ``document_of``."""
    check_task(document)
    spox = required("spox")
    if not isinstance(opset, Integral) or not OLDEST <= opset <= newest():
        raise ValueError(f"opset must be an int from {OLDEST} to {newest()}. Got {opset!r}.")
    matrix = is_matrix(document)
    columns = columns_of(document, matrix=matrix)
    op = Operators(int(opset), np.dtype(document["dtype"]))
    if matrix:
        shape = "N", len(columns)
        inputs = {MATRIX: spox.argument(spox.Tensor(np.float64, shape))}
    else:
        inputs = {
            column.name: spox.argument(spox.Tensor(_spox_dtype(column), ("N", 1)))
            for column in columns
        }
    found = variables_of(op, document, arrays, columns, list(inputs.values()))
    names = found.default if outputs is None else _checked(outputs, found)
    _check_names(inputs, names)
    results = {name: _output(found, name) for name in names}
    model = spox.build({f"input/{j}": x for j, x in enumerate(inputs.values())}, results)
    _name_inputs(model.graph, list(inputs))
    _finish(model, document, columns, opset)
    return model


def variables_of(
    op: Operators,
    document: dict[str, Any],
    arrays: dict[str, np.ndarray],
    columns: Sequence[Column],
    inputs: Sequence[Any],
) -> ClassOutputs | NumberOutputs:
    """The outputs there are, as variables, from those of the columns or of one matrix."""
    if document["encoding"] is None:
        x = op.as_type(op.side_by_side(inputs), op.dtype)
    else:
        encoding = Encoding(op, document, arrays, columns, inputs)
    members, weights = [], []
    for i, member in enumerate(document["members"]):
        own = x if document["encoding"] is None else encoding.inputs(i)
        members.append(member_raw(op, document, arrays, i, own))
        weights.append(member["weight"])
    raw = mean_raw(op, members, weights, document["task"]["link"])
    if document["task"]["kind"] == "number":
        return NumberOutputs(op, document, arrays, raw, members, weights)
    return ClassOutputs(op, document, raw)


def _spox_dtype(column: Column) -> Any:
    return np.str_ if column.type == "string" else DTYPES[column.type]


def _checked(outputs: Sequence[str], found: ClassOutputs | NumberOutputs) -> tuple[str, ...]:
    accepted = *found.default, *found.others
    several = not isinstance(outputs, str) and isinstance(outputs, Sequence)
    names = tuple(outputs) if several else ()
    if not names or len(set(names)) < len(names) or not set(names) <= set(accepted):
        raise ValueError(
            f"outputs must be None or a sequence of different names among {accepted}. Got "
            f"{outputs!r}."
        )
    return names


def _output(found: ClassOutputs | NumberOutputs, name: str) -> Any:
    # A copy: an input or output can have one name only.
    return found.op.identity(getattr(found, name)())


def _check_names(inputs: Mapping[str, Any], outputs: Sequence[str]) -> None:
    for name in inputs:
        if name == "":
            raise ValueError("Column '' has no name, which an input of an ONNX graph must have.")
        if name in outputs:
            raise ValueError(
                f"Column {name!r} has the name of an output. Rename it before training, or choose "
                "other outputs."
            )


def _name_inputs(graph: Any, names: Sequence[str]) -> None:
    """Give the inputs their names, and others to results that have one of these."""
    inner = {name for node in graph.node for name in node.output}
    taken = inner | set(names)
    new = {
        name: next(other for n in count(1) if (other := f"{name}/{n}") not in taken)
        for name in inner & set(names)
    }
    new |= {value.name: name for value, name in zip(graph.input, names, strict=True)}
    for value, name in zip(graph.input, names, strict=True):
        value.name = name
    for node in graph.node:
        node.input[:] = [new.get(each, each) for each in node.input]
        node.output[:] = [new.get(each, each) for each in node.output]


def _finish(model: Any, document: dict[str, Any], columns: Sequence[Column], opset: int) -> None:
    """Set versions and metadata."""
    helper = required("onnx.helper")
    for each in model.opset_import:
        if each.domain == "":
            # spox writes the first version that has the operators; they are those of this one.
            each.version = opset
    model.ir_version = helper.find_min_ir_version_for(model.opset_import)
    model.producer_name, model.producer_version = "skdnn", document["skdnn_version"]
    model.graph.name = document["estimator"]
    properties = {"skdnn_version": document["skdnn_version"], "estimator": document["estimator"]}
    task = document["task"]
    if task["kind"] == "number":
        properties["levels"] = json.dumps(task["levels"])
    else:
        properties["classes"] = json.dumps(task["classes"], ensure_ascii=False)
    properties["columns"] = json.dumps(
        [
            {"name": each.name, "kind": each.kind, "type": each.type, "missing": _text(each)}
            for each in columns
        ],
        ensure_ascii=False,
    )
    helper.set_model_props(model, properties)


def _text(column: Column) -> Any:
    """What stands for a missing value, as JSON can hold it."""
    return "NaN" if column.type == "double" else column.missing

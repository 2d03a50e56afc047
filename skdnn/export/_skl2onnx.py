"""Conversion inside Pipelines and other estimators of scikit-learn, by skl2onnx."""

from __future__ import annotations

from typing import Any

import numpy as np

from skdnn.estimators._document import document_of
from skdnn.estimators.classifier import DNNClassifier
from skdnn.estimators.regressor import DNNRegressor
from skdnn.export._columns import columns_of
from skdnn.export._extra import required
from skdnn.export._onnx import variables_of
from skdnn.export._operators import OLDEST, Operators, newest
from skdnn.export._outputs import ClassOutputs, check_task

#: Options that skl2onnx's own converters of classifiers have. Without ``zipmap`` the outputs are
#: not made.
_OPTIONS = {
    "zipmap": [True, False, "columns"],
    "nocl": [True, False],
    "raw_scores": [True, False],
    "output_class_labels": [False, True],
}


def register() -> None:
    """Register the estimators with skl2onnx, which then converts what they are a part of.

    ``skl2onnx.to_onnx`` converts a ``Pipeline`` whose last step is a DNN estimator, and
    ``CalibratedClassifierCV``, ``VotingClassifier``, ``StackingClassifier`` and others of them. The
    steps before pass one matrix of numbers: a DNN estimator that was fitted on text is refused (it
    needs no steps before, and is exported by :func:`to_onnx`). Missing values are NaN. Needs
    ``pip install "skdnn[export]"``.

    With an input of ``FloatTensorType`` the steps before compute in float32, which changes scaled
    numbers in the seventh digit; with ``DoubleTensorType`` they compute as in scikit-learn.

    Raises
    ------
    ImportError
        If a package is missing.

    See Also
    --------
    to_onnx : Export of the estimator alone.

    References
    ----------
    `sklearn-onnx <https://onnx.ai/sklearn-onnx/>`_.

    Examples
    --------
    >>> import skl2onnx
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skl2onnx.common.data_types import DoubleTensorType
    >>> from skdnn import DNNClassifier
    >>> from skdnn.export import register
    >>> register()
    >>> X, y = load_iris(return_X_y=True)
    >>> network = DNNClassifier(max_iter=5, random_state=0)
    >>> pipeline = make_pipeline(StandardScaler(), network).fit(X, y)
    >>> onnx_model = skl2onnx.to_onnx(
    ...     pipeline,
    ...     initial_types=[("X", DoubleTensorType([None, 4]))],
    ...     options={"zipmap": False},
    ...     target_opset=18,
    ... )
    >>> [value.name for value in onnx_model.graph.output]
    ['label', 'probabilities']
    """
    update = required("skl2onnx").update_registered_converter
    update(
        DNNClassifier, "SkdnnDNNClassifier", _classifier_shapes, _convert_classifier,
        options=_OPTIONS,
    )  # fmt: skip
    update(DNNRegressor, "SkdnnDNNRegressor", _regressor_shapes, _convert_regressor)


def _classifier_shapes(operator: Any) -> None:
    types = required("skl2onnx.common.data_types")
    n_rows = operator.inputs[0].get_first_dimension()
    model = operator.raw_operator
    task = _document(model)["task"]
    classes = model.classes_
    if operator.scope_inst.get_options(model, {"nocl": False})["nocl"]:
        classes = np.arange(len(classes))
    is_text = all(isinstance(label, str) for label in classes)
    label = types.StringTensorType if is_text else types.Int64TensorType
    shape = [n_rows, len(classes)]
    is_multilabel = task["kind"] == "labels"
    operator.outputs[0].set_type(label(shape if is_multilabel else [n_rows]))
    operator.outputs[1].set_type(_float_type(operator)(shape))


def _regressor_shapes(operator: Any) -> None:
    n_rows = operator.inputs[0].get_first_dimension()
    network = _document(operator.raw_operator)["network"]
    n_targets = network["n_outputs"] // network["outputs_per_target"]
    operator.outputs[0].set_type(_float_type(operator)([n_rows, n_targets]))


def _convert_classifier(scope: Any, operator: Any, container: Any) -> None:
    model = operator.raw_operator
    options = container.get_options(model, {"nocl": False, "raw_scores": False})
    op, x, found = _variables(operator, container)
    assert isinstance(found, ClassOutputs)
    label = found.index() if options["nocl"] else found.label()
    if label.unwrap_tensor().dtype.kind != "U":
        label = op.as_type(label, np.int64)
    scores = found.scores() if options["raw_scores"] else found.probabilities()
    scores = op.as_type(scores, _float_dtype(operator))
    _add(scope, operator, container, {"X": x}, {"label": label, "scores": scores})


def _convert_regressor(scope: Any, operator: Any, container: Any) -> None:
    op, x, found = _variables(operator, container)
    assert not isinstance(found, ClassOutputs)
    y = op.reshape(found.prediction(), op.whole([-1, found.n_targets]))
    y = op.as_type(y, _float_dtype(operator))
    _add(scope, operator, container, {"X": x}, {"prediction": y})


def _document(model: Any) -> dict[str, Any]:
    document = document_of(model)[0]
    check_task(document)
    return document


def _variables(operator: Any, container: Any) -> tuple[Operators, Any, Any]:
    """Operators, the matrix X, and the outputs of the model of an operator."""
    document, arrays = document_of(operator.raw_operator)
    if len(operator.inputs) != 1:
        raise ValueError(
            f"{document['estimator']} takes one matrix in skl2onnx. Got {len(operator.inputs)} "
            "inputs: use skdnn.export.to_onnx for a model of a data frame."
        )
    opset = container.target_opset_any_domain("")
    if not OLDEST <= opset <= newest():
        raise ValueError(f"target_opset must be from {OLDEST} to {newest()}. Got {opset}.")
    spox = required("spox")
    columns = columns_of(document, matrix=True)
    op = Operators(opset, np.dtype(document["dtype"]))
    given = required("skl2onnx.common.data_types").guess_numpy_type(operator.inputs[0].type)
    x = spox.argument(spox.Tensor(given, ("N", len(columns))))
    return op, x, variables_of(op, document, arrays, columns, [op.as_type(x, np.float64)])


def _float_type(operator: Any) -> Any:
    """The type of numbers that skl2onnx expects for this input: float32 if it is not float64."""
    types = required("skl2onnx.common.data_types")
    return type(types.guess_tensor_type(operator.inputs[0].type))


def _float_dtype(operator: Any) -> Any:
    types = required("skl2onnx.common.data_types")
    return np.float64 if _float_type(operator) is types.DoubleTensorType else np.float32


def _add(
    scope: Any, operator: Any, container: Any, inputs: dict[str, Any], outputs: dict[str, Any]
) -> None:
    """Insert a graph; it is paired with inputs and outputs of the operator by position."""
    graph = required("spox").build(inputs, outputs)
    required("skl2onnx.helpers").add_onnx_graph(scope, operator, container, graph)

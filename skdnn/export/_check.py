"""Comparison of the predictions of a graph with those of the model."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from skdnn.estimators._document import document_of
from skdnn.export._columns import onnx_inputs
from skdnn.export._extra import check_model, required


def check(model: Any, onnx_model: Any, X: Any, *, tolerance: float | None = None) -> float:
    """Compare the outputs of an ONNX graph with the predictions of the model.

    ``onnxruntime`` computes the outputs of the inputs that :func:`onnx_inputs` makes.

    Parameters
    ----------
    model : DNNClassifier or DNNRegressor
        Fitted.
    onnx_model : onnx.ModelProto, bytes, str or path
        The graph that :func:`to_onnx` has made of the model, its bytes, or the path of a file.
    X : {data frame, array-like, sparse matrix} of shape (n_samples, n_features)
        Rows to compare: best many, with unknown categories and missing values.
    tolerance : float, default=None
        Largest difference that is accepted. None is 1e-5 if the dtype of the network is float32,
        or if the activation is "gelu"; 1e-9 for float64.

    Returns
    -------
    difference : float
        The largest one: ``abs(a - b) / max(abs(b), unit)``, where b is the prediction of the model
        and the unit is 1, or the standard deviation of the target with ``target_scaling``. Labels
        must be the same, except for classes whose probabilities differ by less than the tolerance.

    Raises
    ------
    ImportError
        If a package is missing.
    ValueError
        If an output differs by more than the tolerance; the message names the output and the row.

    See Also
    --------
    to_onnx : Make the graph.

    References
    ----------
    `onnxruntime <https://onnxruntime.ai>`_.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from skdnn import DNNRegressor
    >>> from skdnn.export import check, to_onnx
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = DNNRegressor(max_iter=5, random_state=0).fit(X, y)
    >>> bool(check(model, to_onnx(model), X) < 1e-5)
    True
    """
    check_model(model, "compare its predict_proba or predict with the outputs of onnxruntime")
    document, arrays = document_of(model)
    if tolerance is None:
        exact = document["dtype"] == "float64" and document["network"]["activation"] != "gelu"
        tolerance = 1e-9 if exact else 1e-5
    found = _run(onnx_model, onnx_inputs(model, X))
    expected = _predictions(model, X, set(found))
    largest = 0.0
    for name, value in found.items():
        if value.shape != expected[name].shape:
            raise ValueError(
                f"Output {name!r} has the shape {value.shape} instead of {expected[name].shape}."
            )
        if name == "label":
            _check_labels(value, expected[name], model.predict_proba(X), tolerance)
            continue
        unit = np.ones(()) if name == "raw" else arrays.get("target.scale", np.ones(()))
        unit = unit[:, None] if name == "quantiles" and unit.ndim else unit
        largest = max(largest, _check_numbers(name, value, expected[name], unit, tolerance))
    return largest


def _run(onnx_model: Any, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Outputs by name."""
    runtime = required("onnxruntime")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    if hasattr(onnx_model, "SerializeToString"):
        onnx_model = onnx_model.SerializeToString()
    elif not isinstance(onnx_model, bytes):
        onnx_model = os.fspath(onnx_model)
    session = runtime.InferenceSession(onnx_model, options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, inputs), strict=True))


def _predictions(model: Any, X: Any, names: set[str]) -> dict[str, np.ndarray]:
    """Predictions of the model by name of the output."""
    found = {}
    accepted = {"raw", "label", "probabilities"}
    if not hasattr(model, "classes_"):
        quantiles = {"quantiles"} if hasattr(model, "predict_quantiles") else set()
        accepted = {"raw", "prediction", "std"} | quantiles
    unknown = names - accepted
    if unknown:
        raise ValueError(f"The graph has outputs that the model does not have: {sorted(unknown)}.")
    if names & {"prediction", "std"}:
        found["prediction"], found["std"] = model.predict(X, return_std=True)
    if "label" in names:
        found["label"] = model.predict(X)
    if "probabilities" in names:
        found["probabilities"] = model.predict_proba(X)
    if "quantiles" in names:
        found["quantiles"] = model.predict_quantiles(X)
    if "raw" in names:
        found["raw"] = model._predict_raw(X)
    return found


def _check_numbers(
    name: str, value: np.ndarray, expected: np.ndarray, unit: np.ndarray, tolerance: float
) -> float:
    with np.errstate(invalid="ignore"):
        error = np.abs(value - expected) / np.maximum(np.abs(expected), unit)
    error[np.isnan(error)] = np.inf
    largest = float(error.max(initial=0))
    if largest > tolerance:
        at = np.unravel_index(error.argmax(), error.shape)
        raise ValueError(
            f"Output {name!r} differs by {largest:.3g} in row {at[0]}, more than the tolerance of "
            f"{tolerance:g}: {value[at]} instead of {expected[at]}."
        )
    return largest


def _check_labels(
    value: np.ndarray, expected: np.ndarray, probabilities: np.ndarray, tolerance: float
) -> None:
    differs = value != expected
    if differs.ndim == 1 and probabilities.shape[1] > 1:
        ranked = np.sort(probabilities, axis=1)
        differs &= ranked[:, -1] - ranked[:, -2] > tolerance
    elif differs.ndim == 2:
        differs &= np.abs(2 * probabilities - 1) > tolerance
    if differs.any():
        at = tuple(int(place[0]) for place in np.nonzero(differs))
        raise ValueError(
            f"Output 'label' differs in row {at[0]}: {value[at]!r} instead of {expected[at]!r}."
        )

"""Pictures of a model as binary messages.

A frame is the length of a header (uint32), the header as JSON, padded by spaces to a multiple of
four bytes, and float32 arrays one after the other. The header has their names and shapes in
``arrays``. All numbers are little-endian.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from skdnn.playground.problem import GRID, SMALL_GRID, Problem

_LENGTH = np.dtype("<u4")
_NUMBER = np.dtype("<f4")


def encode(header: dict[str, Any], arrays: dict[str, np.ndarray]) -> bytes:
    """Make the bytes of a frame."""
    shapes = [[name, list(array.shape)] for name, array in arrays.items()]
    text = json.dumps({**header, "arrays": shapes}, allow_nan=False).encode()
    text += b" " * (-len(text) % 4)
    parts = [np.ascontiguousarray(array, _NUMBER).tobytes() for array in arrays.values()]
    return b"".join([np.array(len(text), _LENGTH).tobytes(), text, *parts])


def decode(frame: bytes) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Header and arrays of a frame."""
    start = 4 + int(np.frombuffer(frame, _LENGTH, 1)[0])
    header, arrays = json.loads(frame[4:start]), {}
    for name, shape in header["arrays"]:
        size = int(np.prod(shape))
        arrays[name] = np.frombuffer(frame, _NUMBER, size, start).reshape(shape)
        start += 4 * size
    return header, arrays


def evaluate(model: Any, problem: Problem) -> dict[str, list[float | None]]:
    """Loss and score of the training and the test rows.

    Log-loss and accuracy for classes, mean squared error and R² for numbers; None if not finite.
    """
    parts = (problem.X_train, problem.y_train), (problem.X_test, problem.y_test)
    measure = _numbers_measured if problem.classes is None else _classes_measured
    measured = [measure(model, X, y) for X, y in parts]
    losses, scores = ([_finite(each) for each in column] for column in zip(*measured, strict=True))
    return {"loss": losses, "score": scores}


# As scikit-learn's metrics, whose checks would take half the time of a frame.
def _classes_measured(model: Any, X: Any, y: np.ndarray) -> tuple[float, float]:
    probabilities = model.predict_proba(X)
    labels = np.searchsorted(model.classes_, y)
    likelihoods = probabilities[np.arange(y.size), labels].astype(float)
    loss = -np.log(np.maximum(likelihoods, np.finfo(float).tiny)).mean()
    return float(loss), float((probabilities.argmax(axis=1) == labels).mean())


def _numbers_measured(model: Any, X: Any, y: np.ndarray) -> tuple[float, float]:
    loss = ((model.predict(X) - y) ** 2).mean()
    variance = ((y - y.mean()) ** 2).mean()
    return float(loss), float(1 - loss / variance) if variance else 0.0


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def picture(model: Any, problem: Problem, member: int) -> dict[str, np.ndarray]:
    """Everything that is drawn of a model.

    Parameters
    ----------
    model : DNNClassifier or DNNRegressor
        Fitted.
    problem : Problem
    member : int
        Of which units and weights are shown.

    Returns
    -------
    arrays : dict
        "output" (GRID, GRID): the probability of the second of two classes, of the most likely of
        several, or the predicted number; "label" (GRID, GRID), the most likely of several classes;
        "units" (n_units, SMALL_GRID, SMALL_GRID), the activations of all hidden layers; "weights0"
        and so on, (n_in, n_out), with a row for each column of X in the first; "members"
        (n_members, GRID, GRID), the output of each member, "member_labels", their "label", and
        "spread" (GRID, GRID), the standard deviation of what the members predict; with several
        classes that of the class whose probability they disagree about most.
    """
    fitted = model._model
    raw = fitted.predict_members(problem.grid)
    shape = GRID, GRID
    arrays: dict[str, np.ndarray] = {}
    output, label = _output(_predictions(fitted, fitted.mean(raw)))
    arrays["output"] = output.reshape(shape)
    if label is not None:
        arrays["label"] = label.reshape(shape)
    n_hidden = len(model.coefs_) - 1
    if n_hidden:
        small = problem.small_grid
        layers = [
            model.hidden_activations(small, layer, member=member).T for layer in range(n_hidden)
        ]
        arrays["units"] = np.concatenate(layers).reshape(-1, SMALL_GRID, SMALL_GRID)
    for layer, weight in enumerate(_weights(fitted, member)):
        arrays[f"weights{layer}"] = weight
    if len(raw) > 1:
        predictions = np.array([_predictions(fitted, fitted.mean(each[None])) for each in raw])
        outputs, labels = _output(predictions)
        arrays["members"] = outputs.reshape(-1, *shape)
        if labels is not None:
            arrays["member_labels"] = labels.reshape(-1, *shape)
        arrays["spread"] = predictions.std(axis=0).max(axis=-1).reshape(shape)
    return arrays


def _predictions(fitted: Any, raw: np.ndarray) -> np.ndarray:
    """Predicted numbers (n_rows, 1) or probabilities (n_rows, n_classes) of raw predictions."""
    if not hasattr(fitted.task, "probabilities"):
        return fitted.task.predict(raw)[:, None]
    return fitted.task.probabilities(raw)


def _output(predictions: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """What is drawn of predictions, and the class if there are more than two."""
    if predictions.shape[-1] <= 2:
        return predictions[..., -1], None
    return predictions.max(axis=-1), predictions.argmax(axis=-1)


def _weights(fitted: Any, member: int) -> list[np.ndarray]:
    """Weights of each layer of a member; for the first layer those of each column together.

    Several inputs of a column are shown by the norm of their weights, with the sign of the sum.
    """
    first, *others = fitted.network.part(slice(member, member + 1)).coefs
    first = first * fitted.network.scales(member)[:, None]
    if fitted.inputs is None:
        return [first, *others]
    rows = []
    for position in range(fitted.inputs.encoder.is_categorical.size):
        part = first[fitted.inputs.places(member, position)]
        sign = np.where(part.sum(axis=0) < 0, -1, 1)
        rows.append(sign * np.sqrt((part**2).sum(axis=0)))
    return [np.array(rows), *others]

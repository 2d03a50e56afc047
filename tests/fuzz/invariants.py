"""What always holds, whatever the parameters and the data are."""

from __future__ import annotations

import linecache
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.exceptions import VisibleDeprecationWarning
from scipy import sparse

import skdnn

PACKAGE = str(Path(skdnn.__file__).parent)


def place_of(error: BaseException) -> str:
    """Where an error was raised: the last line of the package, and that of another one."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if frame.filename.startswith(PACKAGE)][-1:]
    places = [f"{Path(f.filename).name}:{f.lineno}" for f in (*ours, frames[-1])]
    return " > ".join(dict.fromkeys(places))


def check_documented(error: Exception) -> None:
    """A refusal: of a documented type, and raised by a check, not by an accident further in."""
    if isinstance(error, ValueError | TypeError):  # NotFittedError and UnavailableError are, too
        frame = traceback.extract_tb(error.__traceback__)[-1]
        line = linecache.getline(frame.filename, frame.lineno or 0).strip()
        on_purpose = frame.filename.startswith(PACKAGE) and line.startswith("raise")
        if on_purpose or "/sklearn/" in frame.filename:
            return
    raise AssertionError(
        f"undocumented {type(error).__name__} at {place_of(error)}: {error}"
    ) from error


def refused_or(call: Callable[[], Any]) -> Any:
    """What a call returns, or None if it is refused."""
    try:
        return call()
    except Exception as error:
        check_documented(error)
        return None


@contextmanager
def no_foreign_warnings() -> Iterator[None]:
    """Warnings are for the user: none of NumPy, and none that something is deprecated."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", UserWarning)
        warnings.simplefilter("error", VisibleDeprecationWarning)  # a UserWarning
        yield


def unchanged(before: Any, after: Any) -> bool:
    """Whether input data are what they were."""
    if isinstance(before, pd.DataFrame | pd.Series):
        return before.equals(after) and np.array_equal(before.index, after.index)
    if sparse.issparse(before):
        parts = [name for name in ("data", "indices", "indptr", "row", "col")
                 if hasattr(before, name)]  # fmt: skip
        return all(np.array_equal(getattr(before, p), getattr(after, p)) for p in parts)
    if isinstance(before, np.ndarray) and before.dtype.kind != "O":
        return np.array_equal(before, after, equal_nan=before.dtype.kind == "f")
    return repr(before) == repr(after)


def raw(model: Any, X: Any) -> np.ndarray:
    """All that a model says of rows, (n_samples, ...)."""
    if hasattr(model, "decision_function"):
        found = model.decision_function(X)
        return np.hstack(found) if isinstance(found, list) else found
    if hasattr(model, "predict_quantiles"):
        return model.predict_quantiles(X)
    return np.stack(model.predict(X, return_std=True), axis=-1)


def same(a: np.ndarray, b: np.ndarray) -> bool:
    """The same bits."""
    return a.dtype == b.dtype and np.array_equal(a, b, equal_nan=True)


def state(model: Any, X: Any) -> tuple:
    """What a user sees of an estimator, fitted or not."""
    public = {name: repr(value) for name, value in vars(model).items() if not name.startswith("_")}
    if "n_iter_" not in public:
        return public, None
    try:
        return public, raw(model, X).tobytes()
    except ValueError as error:  # after a warm start in float32 some rows may be out of range
        check_documented(error)
        return public, str(error)


def check_refused(model: Any, X: Any, call: Callable[[Any], Any], *, always: bool) -> None:
    """A call that fails, always or perhaps, is refused and leaves the estimator as it was."""
    before = state(model, X)
    try:
        call(model)
    except Exception as error:
        check_documented(error)
        refusal = str(error)
    else:
        assert not always, "accepted"
        return
    assert state(model, X) == before, f"a failed call changed the estimator: {refusal}"


def check_labels(model: Any, X: Any, n: int) -> None:
    """Labels and probabilities of n rows."""
    proba, labels = model.predict_proba(X), model.predict(X)
    found = proba, model.predict_log_proba(X), model.decision_function(X)
    if not isinstance(proba, list):
        return _check_labels(labels, model.classes_, *found, n)
    assert labels.shape == (n, len(model.classes_)), f"shape of the labels {labels.shape}"
    for column, classes, *each in zip(labels.T, model.classes_, *found, strict=True):
        _check_labels(column, classes, *each, n)
    return None


def _check_labels(
    labels: np.ndarray, classes: Any, proba: Any, log_proba: Any, decision: Any, n: int
) -> None:
    assert proba.shape == (n, len(classes)), f"shape of the probabilities {proba.shape}"
    assert np.isfinite(decision).all(), "decision_function is not finite"
    assert np.isfinite(proba).all(), "probabilities are not finite"
    assert ((proba >= 0) & (proba <= 1)).all(), "probabilities are not in [0, 1]"
    assert np.isfinite(log_proba).all(), "predict_log_proba is not finite"
    if labels.ndim == 2:
        assert labels.shape == proba.shape, f"shape of the labels {labels.shape}"
        assert np.isin(labels, (0, 1)).all(), "labels that are not 0 or 1"
        return
    total = proba.sum(axis=1, dtype=float)
    assert np.abs(total - 1).max(initial=0) < 1e-5, "probabilities do not sum to 1"
    assert labels.shape == (n,), f"shape of the labels {labels.shape}"
    position = {label: i for i, label in enumerate(classes)}
    assert set(labels) <= set(position), "labels that are no classes"
    chosen = proba[np.arange(n), [position[label] for label in labels]]
    assert (chosen >= proba.max(axis=1) - 1e-6).all(), "the label is not the most probable one"


def check_numbers(model: Any, X: Any, n: int, y: np.ndarray) -> None:
    """Predictions for n rows of a model that was trained with targets y."""
    predicted, std = model.predict(X, return_std=True)
    assert predicted.shape == std.shape == (n, *y.shape[1:]), f"shape {predicted.shape}"
    assert np.isfinite(predicted).all(), "predictions are not finite"
    assert ((std >= 0) & (std < np.inf)).all(), "standard deviations are not finite"
    assert same(model.predict(X), predicted), "predictions depend on return_std"
    scaled = model._model.task.scaler is not None
    low, high = y.min(axis=0), y.max(axis=0)
    if scaled:
        in_range = (predicted >= low) & (predicted <= high)
        assert in_range.all(), "predictions are outside of the range of the training targets"
    if hasattr(model, "predict_quantiles"):
        quantiles = model.predict_quantiles(X)
        assert quantiles.shape[:1] == (n,), f"shape of the quantiles {quantiles.shape}"
        assert np.isfinite(quantiles).all(), "quantiles are not finite"
        assert (quantiles[..., 1:] >= quantiles[..., :-1]).all(), "quantiles are not sorted"
        if scaled:
            right = (quantiles >= low[..., None]) & (quantiles <= high[..., None])
            assert right.all(), "quantiles are outside of the range of the training targets"


def check_attributes(model: Any, n_trainings: int = 1) -> None:
    """What ``n_trainings`` calls leave behind, each of which ends at most one curve with NaN."""
    assert min(model.n_iter_, model.t_) >= 0, "n_iter_ or t_ is negative"
    lengths = {len(curve) for curve in model.history_.values()}
    assert len(lengths) <= 1, "curves of different lengths"
    # A training that diverges ends with NaN, and keeps its best epoch.
    diverged = np.isnan(model.loss_curve_)
    assert diverged[:-1].sum() < n_trainings, "loss_curve_ has NaN"
    for each in (*model.coefs_, *model.intercepts_):
        for array in each if isinstance(each, list) else [each]:
            assert np.isfinite(array).all(), "weights are not finite"

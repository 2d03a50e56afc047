"""A table with all kinds of columns, rows that are hard to export, and runtimes of graphs."""

import pytest

pytest.importorskip("spox", reason='needs pip install "skdnn[export]"')
pytest.importorskip("onnxruntime", reason='needs pip install "skdnn[export]"')

import numpy as np
import onnx
import onnxruntime
import pandas as pd
from onnx.reference import ReferenceEvaluator
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils._testing import ignore_warnings
from tables import make

from skdnn.export import onnx_inputs

CATEGORIES = ["grade", "shop", "rank", "ratio", "color", "word", "flag", "known", "town"]


def table(n_rows=80, seed=0):
    """Numbers and categories of each type of input, some with missing values."""
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "number": rng.normal(size=n_rows),
            "my column (€)": np.where(rng.random(n_rows) < 0.2, np.nan, rng.lognormal(size=n_rows)),
            "constant": np.full(n_rows, 3.5),
            "nothing": np.full(n_rows, np.nan),
            "small": rng.integers(0, 3, n_rows).astype(np.int8),
            "grade": rng.integers(-1, 3, n_rows),
            "shop": rng.permutation(n_rows) % 36,
            "rank": pd.array(rng.choice([1, 2, 5, None], n_rows), dtype="Int64"),
            "ratio": rng.choice([0.1, 0.2, 1.0, np.nan], n_rows),
            "color": pd.Categorical(rng.choice(["red", "green", "blue"], n_rows)),
            "word": rng.choice(["yes", "no", None], n_rows),
            "flag": rng.random(n_rows) < 0.5,
            "known": pd.array(rng.choice([True, False, None], n_rows), dtype="boolean"),
            "town": [f"town {i % 40} ü" for i in range(n_rows)],
        }
    )


def hard_rows():
    """Rows with large numbers, unknown categories, and missing values, also where none were."""
    X = table(12, seed=1)
    for place, (number, category) in enumerate([(1e6, 1), (-1e6, "other"), (np.nan, None)]):
        for column in X.columns:
            X[column] = X[column].astype(object)
            value = category if column in CATEGORIES else number
            X.loc[X.index[place], column] = value
    X.loc[3, CATEGORIES] = [7, 99, 9, 0.3, "", "None", None, None, "nan"]
    numbers = [column for column in X if column not in CATEGORIES]
    return X.astype(dict.fromkeys(numbers, float))


def targets(kind, n_rows, seed=2):
    """Labels or numbers of a kind: 2, 3 (classes), "labels", "number", "numbers", "positive"."""
    rng = np.random.default_rng(seed)
    if kind in (2, 3):
        return np.array(["a", "b", "c"])[np.arange(n_rows) % kind]
    if kind == "labels":
        return rng.integers(0, 2, (n_rows, 3))
    if kind == "positive":
        return rng.lognormal(size=n_rows)
    return 1000 + 200 * rng.normal(size=(n_rows, 2) if kind == "numbers" else n_rows)


@ignore_warnings(category=(ConvergenceWarning, UserWarning))
def fitted(cls, X, y, **params):
    """A small model, fitted in a few milliseconds."""
    named = {"categorical_features": CATEGORIES} if isinstance(X, pd.DataFrame) else {}
    return make(cls, **{**named, "max_iter": 2, "batch_size": 40, **params}).fit(X, y)


def outputs(onnx_model, inputs, *, by="onnxruntime"):
    """Outputs by name, of a graph that is valid."""
    onnx.checker.check_model(onnx_model, full_check=True)
    names = [value.name for value in onnx_model.graph.output]
    if by == "onnxruntime":
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        session = onnxruntime.InferenceSession(onnx_model.SerializeToString(), options)
        return dict(zip(names, session.run(names, inputs), strict=True))
    with np.errstate(all="ignore"):
        return dict(zip(names, ReferenceEvaluator(onnx_model).run(names, inputs), strict=True))


@ignore_warnings(category=UserWarning)
def expected(model, X, names):
    """The same outputs by the model itself."""
    found = {}
    for name in names:
        found[name] = {
            "label": lambda: model.predict(X),
            "probabilities": lambda: model.predict_proba(X),
            "prediction": lambda: model.predict(X),
            "std": lambda: model.predict(X, return_std=True)[1],
            "quantiles": lambda: model.predict_quantiles(X),
            "raw": lambda: model._predict_raw(X),
        }[name]()
    return found


def assert_same(model, onnx_model, X, tolerance, *, by="onnxruntime"):
    """All outputs are those of the model."""
    found = outputs(onnx_model, ignore_warnings(onnx_inputs)(model, X), by=by)
    wanted = expected(model, X, found)
    for name, value in found.items():
        assert value.shape == wanted[name].shape, name
        if name == "label":
            clear = np.abs(model.decision_function(X)) > 1e-5
            if clear.ndim == 2 and value.ndim == 1:
                top = np.sort(model.decision_function(X), axis=1)
                clear = top[:, -1] - top[:, -2] > 1e-5
            np.testing.assert_array_equal(value[clear], wanted[name][clear])
            continue
        assert value.dtype == wanted[name].dtype, name
        unit = np.maximum(1, np.abs(wanted[name]))
        assert (np.abs(value - wanted[name]) <= tolerance * unit).all(), name

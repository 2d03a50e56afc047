"""Estimators of many settings, to be saved and loaded, and rows to predict, for tests."""

from functools import cache
from io import BytesIO
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from mlp import mlp
from scipy import sparse

from skdnn import (
    DNNClassifier,
    DNNRegressor,
    Huber,
    InputColumn,
    NumericEmbedding,
    Periodic,
    PiecewiseLinear,
    Quantile,
    Tweedie,
)
from skdnn.kernels.activations import ACTIVATIONS
from skdnn_light.files import read, write

N_ROWS = 120


class Custom(NumericEmbedding):
    """Numbers, bins and cosines, with scales of the inputs."""

    n_bins = 5
    scaled_inputs = True

    def columns(self, source, n_bins):
        return [
            InputColumn("bins", source, n_bins, n_bins),
            InputColumn("periodic", source, 2, 3, 0.5),
            InputColumn("number", source),
            InputColumn("periodic", source, 1, 3, 0.2),
        ]


def table(seed=0):
    """Numbers and categories of all kinds, with missing values."""
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "number": rng.normal(size=N_ROWS),
            "gaps": np.where(rng.random(N_ROWS) < 0.2, np.nan, rng.lognormal(size=N_ROWS)),
            "count": pd.array(rng.choice([1, 2, 5, None], N_ROWS), dtype="Int64"),
            "mostly_zero": np.where(rng.random(N_ROWS) < 0.8, 0, rng.normal(size=N_ROWS)),
            "same": 7.0,
            "void": np.nan,
            "color": pd.Categorical(rng.choice(["red", "green", "blue"], N_ROWS)),
            "word": rng.choice(["yes", "no"], N_ROWS),
            "flag": rng.random(N_ROWS) < 0.5,
            "known": pd.array(rng.choice([True, False, None], N_ROWS), dtype="boolean"),
            "thing": pd.Series(rng.choice([1, "b", 2.5, None], N_ROWS), dtype=object),
            "many": pd.Categorical(np.arange(N_ROWS) % 40),
            "one": "x",
        }
    )


def new_rows(outlier=1e6):
    """Rows with what training has not seen."""
    X = table(1).astype(dict.fromkeys(("color", "word", "flag", "many", "one"), object))
    X.loc[:3, "number"] = [outlier, -outlier, np.nan, 0.0]
    X.loc[4:6, "count"] = [10**6, -3, pd.NA]
    X.loc[7, ["number", "gaps", "count", "color", "word", "flag", "known", "thing", "many"]] = None
    X.loc[8:12, ["color", "word", "flag", "thing", "many"]] = ["black", "?", 5, 7, 99]
    X.loc[13, "many"], X.loc[14, "flag"], X.loc[15, "thing"] = 3.0, 1, True
    X.loc[16:18, ["same", "void"]] = 1.0
    return X


def binary(X):
    return np.where(X["number"] + 2 * X["flag"] > 0.8, "yes", "no")


def ternary(X):
    return np.digitize(X["number"] - X["flag"], [-0.8, 0.2]) * 10


def labels(X):
    return np.column_stack([X["number"] > 0, X["color"] == "red", X["flag"]]).astype(int)


def numbers(X):
    return 100 + 20 * (X["number"] + X["flag"]).to_numpy()


def counts(X):
    return np.exp(X["number"].to_numpy()).round() + 1


def two(of):
    """Two targets."""
    return lambda X: np.column_stack([of(X), 2 - of(X[::-1]) if of is numbers else 3 * of(X)])


class Setting(NamedTuple):
    """What an estimator is trained with."""

    cls: type
    y: Any
    params: dict
    X: Any = table
    rows: Any = new_rows


def plain():
    return table()[["number", "mostly_zero", "same"]].to_numpy()


def plain_rows():
    return table(1)[["number", "mostly_zero", "same"]].to_numpy() * 1e6


def sparse_table():
    return sparse.csr_array(plain())


CLASSES, NUMBERS = DNNClassifier, DNNRegressor
EMBEDDINGS = {
    "none": None, "bins": PiecewiseLinear(7), "periodic": Periodic(4, 3), "mixed": "mixed",
    "custom": Custom(), "both": [None, Custom()], "two": [PiecewiseLinear(16), Periodic(4, 3)],
}  # fmt: skip


def settings():
    """Name -> setting: each value of each parameter, and combinations of them."""
    found = {}
    for activation in ACTIVATIONS:
        found[activation] = Setting(CLASSES, binary, {"activation": activation})
    for name, embedding in EMBEDDINGS.items():
        for normalization in (None, "batch", "layer"):
            params = {"numeric_embedding": embedding, "normalization": normalization}
            found[f"{name}-{normalization}"] = Setting(CLASSES, ternary, params)
    for loss in ("log_loss", "brier"):
        for y in (binary, ternary, labels):
            params = {"loss": loss, "early_stopping": True, "n_members": 1}
            found[f"{loss}-{y.__name__}"] = Setting(CLASSES, y, params)
    losses = {
        "squared_error": numbers, "absolute_error": numbers, Huber(3.0): numbers,
        Quantile(0.9): numbers, Quantile([0.1, 0.4, 0.9]): numbers, "poisson": counts,
        "gamma": counts, Tweedie(1.3): counts, "normal": numbers,
    }  # fmt: skip
    for loss, y in losses.items():
        params = {"loss": loss, "target_scaling": None}
        found[f"{loss}-unscaled"] = Setting(NUMBERS, y, params)
        found[f"{loss}-two"] = Setting(NUMBERS, two(y), {"loss": loss})
    for scaling in ("standard", None):
        params = {"feature_scaling": scaling, "numeric_embedding": "piecewise_linear"}
        found[f"scaling-{scaling}"] = Setting(NUMBERS, numbers, params)
    found["linear"] = Setting(NUMBERS, numbers, {"hidden_layer_sizes": ()})
    found["four members"] = Setting(CLASSES, labels, {"n_members": 4})
    found["one class"] = Setting(CLASSES, lambda X: np.full(len(X), "only"), {})

    def columns(X):
        return np.column_stack([ternary(X).astype("U3"), binary(X)])

    found["columns"] = Setting(CLASSES, columns, {"early_stopping": True})
    found["columns of numbers"] = Setting(
        CLASSES, lambda X: np.arange(2 * len(X)).reshape(-1, 2) % 7, {"n_members": 1}
    )
    found["bool classes"] = Setting(CLASSES, lambda X: X["flag"].to_numpy(), {})
    names = ["color", "word", "many"]
    first = {"X": lambda: table()[names], "rows": lambda: new_rows()[names]}
    found["categories"] = Setting(NUMBERS, lambda X: np.arange(len(X)), {}, **first)
    constant = {"X": lambda: table()[["one"]], "rows": lambda: table(1)[["one"]]}
    found["constant"] = Setting(NUMBERS, lambda X: np.arange(len(X)), {}, **constant)
    array = {"X": lambda: table().astype(object).to_numpy()}
    array["rows"] = lambda: new_rows().astype(object).to_numpy()
    found["objects"] = Setting(CLASSES, lambda X: np.arange(len(X)) % 3, {}, **array)
    for name, X in {"plain": plain, "sparse": sparse_table}.items():
        for cls in (CLASSES, NUMBERS):
            params = {"numeric_embedding": None, "feature_scaling": None}
            y = Setting(cls, lambda X: np.arange(X.shape[0]) % 3, params, X, plain_rows)
            found[f"{name}-{cls.__name__}"] = y
    return found


SETTINGS = settings()
DTYPES = ("float32", "float64")


@cache
def fitted(name, dtype):
    """A fitted estimator, and rows to predict."""
    setting = SETTINGS[name]
    params = {
        "hidden_layer_sizes": (6, 5), "activation": "mish", "categorical_features": "from_dtype",
        "feature_scaling": "robust", "numeric_embedding": "mixed", "solver": "adamw",
        "learning_rate_init": 0.02, "batch_size": 32, "max_iter": 2, "n_members": 2, "n_jobs": 1,
        "random_state": 0, "dtype": dtype, **setting.params,
    }  # fmt: skip
    if setting.cls is NUMBERS:
        params.setdefault("target_scaling", "standard")
    X = setting.X()
    model = mlp(setting.cls, **params).fit(X, setting.y(X))
    if setting.y is not labels and not name.startswith("columns"):
        model.conformalize(X, setting.y(X))
    return model, setting.rows()


def written(model):
    """What ``save`` writes."""
    file = BytesIO()
    model.save(file)
    return file.getvalue()


def outputs(model, X):
    """Everything that a model predicts: numbers, and labels."""
    own = getattr(model, "_model", model)
    has_scores = getattr(own, "scores", getattr(own, "_scores", None)) is not None
    if hasattr(model, "predict_proba"):
        found, names = [model.predict_proba(X)], [model.predict(X), model.classes_]
        if isinstance(model.classes_, list):
            return found[0], [names[0], *model.classes_]
        return found, names + ([model.predict_set(X, 0.8)] if has_scores else [])
    found = [*model.predict(X, return_std=True), model.predict(X)]
    found += [model.predict_interval(X, 0.8)] if has_scores else []
    return found + ([model.predict_quantiles(X)] if hasattr(model, "predict_quantiles") else []), []


def changed(content, change):
    """A file whose document and arrays are changed; they are complete and have their digest."""
    document, arrays = read(BytesIO(content))
    arrays = {name: array.copy() for name, array in arrays.items()}
    change(document, arrays)
    file = BytesIO()
    write(file, document, arrays)
    return BytesIO(file.getvalue())

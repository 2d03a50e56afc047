"""Make the files of the current version that later versions must read: ``v0.1/*.skdnn``.

Each has its rows and predictions beside it, in JSON. Run it once before a release; the files of
released versions never change.
"""

import json
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

import skdnn
from skdnn import DNNClassifier, DNNRegressor, Periodic, PiecewiseLinear, Quantile

FOLDER = Path(__file__).parent / "v{}.{}".format(*skdnn.__version__.split(".")[:2])
SHARED = {"random_state": 0, "max_iter": 8, "hidden_layer_sizes": (16, 16)}


def table(n_rows, seed):
    """Rows with columns of all kinds, and missing values."""
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "age": rng.integers(18, 90, n_rows).astype(float),
            "income": np.where(rng.random(n_rows) < 0.2, np.nan, rng.lognormal(10, 1, n_rows)),
            "children": rng.choice([0, 1, 2, 3], n_rows),
            "constant": 1.0,
            "region": rng.choice(["north", "south", "west", None], n_rows),
            "owner": rng.random(n_rows) < 0.5,
            "grade": pd.Series(rng.choice([1, 2.5, "none"], n_rows), dtype=object),
            "shop": pd.Categorical(np.arange(n_rows) % 45),
        }
    )


def models():
    """Name -> fitted estimator."""
    X = table(400, 0)
    rng = np.random.default_rng(1)
    score = X["age"] / 40 + X["owner"] + (X["region"] == "north") + 0.3 * rng.normal(size=400)
    several = np.column_stack([score > 2.2, X["owner"], X["children"] > 1]).astype(int)
    array = np.column_stack([X["age"], X["children"]]) / 10
    quantiles = {"loss": Quantile([0.1, 0.5, 0.9]), "numeric_embedding": "piecewise_linear"}
    counts = {"loss": "poisson", "normalization": "layer", "activation": "silu"}
    periodic = {"numeric_embedding": [Periodic(6, 4), None], "activation": "gelu", "n_members": 2}
    return {
        "classifier": DNNClassifier(**SHARED, dtype="float32").fit(
            X, np.where(score > 2.2, "high", "low")
        ),
        "three_classes": DNNClassifier(**SHARED, **periodic).fit(X, np.digitize(score, [1.8, 2.6])),
        "multilabel": DNNClassifier(**SHARED, normalization="batch", loss="brier").fit(X, several),
        "quantiles": DNNRegressor(**SHARED, **quantiles).fit(
            X, np.column_stack([score, 100 * score])
        ),
        "counts": DNNRegressor(
            **SHARED, **counts, feature_scaling="standard", numeric_embedding=PiecewiseLinear(8)
        ).fit(X, np.round(np.exp(score))),
        "numbers": DNNRegressor.preset(
            "mlp", **SHARED, activation="tanh", dtype="float32", n_members=1
        ).fit(array, score),
    }


def rows_of(model):
    """Rows to predict, as a dictionary of columns or a list of rows."""
    if not hasattr(model, "feature_names_in_"):
        return [[1.5, 0.2], [-3.0, 7.0], [8.0, 0.0]]
    X = table(30, 2).astype({"region": object, "shop": object, "owner": object})
    X.loc[:2, ["region", "shop", "grade"]] = ["unknown", 99, "unknown"]
    X.loc[3, :] = None
    X.loc[4, "age"], X.loc[5, "income"] = 1e6, -1e6
    return {name: [None if pd.isna(v) else v for v in X[name].tolist()] for name in X}


def predictions(model, X):
    """Method -> predictions, as lists."""
    names = ["predict", "predict_proba", "predict_quantiles"]
    return {name: getattr(model, name)(X).tolist() for name in names if hasattr(model, name)}


def main():
    warnings.simplefilter("ignore")
    FOLDER.mkdir(exist_ok=True)
    for name, model in models().items():
        model.save(FOLDER / f"{name}.skdnn")
        rows = rows_of(model)
        X = pd.DataFrame(rows) if isinstance(rows, dict) else rows
        golden = {"rows": rows, "predictions": predictions(model, X)}
        (FOLDER / f"{name}.json").write_text(json.dumps(golden) + "\n")


if __name__ == "__main__":
    main()

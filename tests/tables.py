"""Tables with columns of many kinds, and small estimators that take them, for tests."""

import numpy as np
import pandas as pd
from mlp import mlp

from skdnn import DNNClassifier

#: All that tables have to do with, on; small and fast.
PARAMS = {
    "hidden_layer_sizes": (6,), "activation": "mish", "categorical_features": "from_dtype",
    "feature_scaling": "robust", "numeric_embedding": "mixed", "solver": "adamw",
    "learning_rate_init": 0.01, "batch_size": 16, "max_iter": 3, "tol": 0.0,
    "n_iter_no_change": np.inf, "n_members": 2, "n_jobs": 1, "random_state": 0,
}  # fmt: skip


def make(cls, **params):
    extra = {} if cls is DNNClassifier else {"target_scaling": "standard"}
    return mlp(cls, **{**PARAMS, **extra, **params})


def mixed_frame(n_rows=120, seed=0):
    """Numbers, categories, missing values of many dtypes."""
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "number": rng.normal(size=n_rows),
            "gaps": np.where(rng.random(n_rows) < 0.2, np.nan, rng.lognormal(size=n_rows)),
            "count": pd.array(rng.choice([1, 2, 5, None], n_rows), dtype="Int64"),
            "color": pd.Categorical(rng.choice(["red", "green", "blue"], n_rows)),
            "word": rng.choice(["yes", "no"], n_rows),
            "flag": rng.random(n_rows) < 0.5,
            "known": pd.array(rng.choice([True, False, None], n_rows), dtype="boolean"),
            "thing": pd.Series(rng.choice([1, "b", None], n_rows), dtype=object),
        }
    )


def targets(cls, X, seed=0):
    """Labels or numbers that depend on numbers and categories of a mixed frame."""
    noise = np.random.default_rng(seed).normal(size=len(X))
    signal = X["number"] + (X["color"] == "red") * 2 - X["flag"] + 0.1 * noise
    y = np.asarray(signal, dtype=float)
    return np.where(y > np.median(y), "high", "low") if cls is DNNClassifier else 100 + 20 * y


def raw(model, X):
    """Predictions that show every difference."""
    return model.predict_proba(X) if isinstance(model, DNNClassifier) else model.predict(X)


def bits(model):
    """All parameters of a fitted estimator."""
    return model._network.values.tobytes()

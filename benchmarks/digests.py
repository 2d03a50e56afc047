"""Digests of the weights and predictions of thirty fits, in float32 and float64.

    python benchmarks/digests.py > before.txt     # with the version before a change
    python benchmarks/digests.py --against before.txt

If no bits have changed, the output is "the same". Digests depend on the processor and on the
versions of NumPy and SciPy: compare those of one machine.
"""

import argparse
import hashlib
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from skdnn import DNNClassifier, DNNRegressor, Huber, Quantile

N_ROWS = 400


def make_data():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N_ROWS, 6))
    X[rng.random(X.shape) < 0.03] = np.nan
    table = pd.DataFrame(X, columns=list("abcdef"))
    table["city"] = rng.choice(["x", "y", "z", None], N_ROWS)
    table["code"] = rng.choice([f"c{i}" for i in range(40)], N_ROWS)
    table["flag"] = rng.random(N_ROWS) < 0.4
    plain = np.nan_to_num(X)
    y = plain[:, 0] * 3 + np.sin(2 * plain[:, 1]) + (table["city"] == "x")
    y = (y + 0.1 * rng.normal(size=N_ROWS)).to_numpy()
    return table, plain, y, rng.random(N_ROWS)


def cases():
    """Estimators with their data and keyword arguments of ``fit``."""
    table, plain, y, weights = make_data()
    sparse = csr_array(np.where(np.abs(plain) > 0.7, plain, 0))
    two, three = np.where(y > 0, "yes", "no"), np.digitize(y, [-1.5, 1.5])
    several = np.c_[y > 0, plain[:, 2] > 0, plain[:, 3] > 1].astype(int)
    pair, positive, weighted = np.c_[y, plain[:, 2]], np.exp(y / 4), {"sample_weight": weights}
    classifiers = [
        ({}, table, two, {}), ({}, table, three, weighted), ({}, plain, several, {}),
        ({"n_members": 2, "class_weight": "balanced"}, table, two, {}),
        ({"scoring": "roc_auc"}, plain, two, {}), ({"label_smoothing": 0.1}, table, three, {}),
        ({"label_smoothing": 0.1}, table, two, {}), ({"loss": "brier"}, plain, three, {}),
        ({"loss": "brier"}, plain, two, {}), ({"early_stopping": True}, sparse, three, {}),
        ({"normalization": "batch", "n_members": 2}, plain, two, {}),
        ({"normalization": "layer", "n_members": 2}, table, three, {}),
        ({"solver": "lbfgs", "max_iter": 30}, plain, two, {}),
        ({"max_iter": 10}, plain[:60], two[:60], {}),
    ]  # fmt: skip
    regressors = [
        ({}, table, y, {}), ({}, table, pair, {}), ({"loss": Huber(0.5)}, table, y, {}),
        ({"loss": Quantile([0.1, 0.5, 0.9])}, table, y, {}),
        ({"loss": Quantile([0.2, 0.8])}, plain, pair, {}),
        ({"loss": "poisson"}, table, positive, {}),
        ({"loss": "gamma"}, plain, positive, weighted), ({"target_scaling": None}, plain, y, {}),
        ({"loss": "absolute_error"}, table, y, {}), ({"early_stopping": True}, sparse, y, {}),
        ({"solver": "sgd", "learning_rate": "adaptive", "early_stopping": True}, plain, y, {}),
        ({"solver": "lbfgs", "max_iter": 30}, plain, y, {}), ({"solver": "rmsprop"}, plain, y, {}),
        ({"scoring": "neg_mean_absolute_error", "n_members": 3}, table, y, {}),
        ({"numeric_embedding": "periodic", "dropout": 0.1, "input_dropout": 0.1}, table, y, {}),
        ({"n_members": 6, "hidden_layer_sizes": (64, 64, 64)}, table, y, {}),
    ]  # fmt: skip
    yield from ((DNNClassifier, *case) for case in classifiers)
    yield from ((DNNRegressor, *case) for case in regressors)


def digest(model, X):
    """Digest of the weights, the training curve and all predictions."""
    arrays = [*_flat(model.coefs_), *_flat(model.intercepts_), model.loss_curve_]
    arrays.append(model.validation_scores_ or [])
    if isinstance(model, DNNClassifier):
        arrays += [model.predict_proba(X), model.decision_function(X)]
    else:
        arrays += model.predict(X, return_std=True)
    if hasattr(model, "predict_quantiles"):
        arrays.append(model.predict_quantiles(X))
    found = hashlib.sha256()
    for array in arrays:
        found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()[:16]


def _flat(layers):
    for layer in layers:
        yield from layer if isinstance(layer, list) else [layer]


def lines():
    for i, (cls, params, X, y, keywords) in enumerate(cases()):
        for dtype in ("float32", "float64"):
            model = cls(**{"max_iter": 8, **params}, random_state=i, dtype=dtype)
            yield f"{i} {cls.__name__} {params} {dtype} {digest(model.fit(X, y, **keywords), X)}"


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--against", type=Path, help="output of the previous version")
    options = parser.parse_args(argv)
    before = options.against.read_text().splitlines() if options.against else None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        now = []
        for line in lines():
            now.append(line)
            if before is None:
                print(line, flush=True)
    if before is None:
        return 0
    changed = [line for line in now if line not in before]
    print("\n".join(changed) or "the same")
    return bool(changed or len(now) != len(before))


if __name__ == "__main__":
    sys.exit(main())

"""Monotonic constraints: loss and time with and without them, beside histogram gradient boosting.

    python benchmarks/monotonic.py                   # five generated tables
    python benchmarks/monotonic.py --data FOLDER     # and three of a folder of Parquet files

The generated targets are monotonic in the constrained columns, so that the right constraints
should lose nothing. Losses of test rows: RMSE in standard deviations of the target, or log-loss;
means over the seeds. ``steps`` counts steps against the constraints: 1,000 rows, 60 values of each
constrained column.
"""

import argparse
import time
import warnings
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.special import expit
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.metrics import log_loss, root_mean_squared_error
from sklearn.model_selection import train_test_split

from skdnn import DNNClassifier, DNNRegressor

N_TRAIN, N_TEST, N_ROWS, N_VALUES = 2000, 5000, 1000, 60


def additive(X):
    return np.tanh(2 * X[:, 0]) + 0.5 * X[:, 1] - np.exp(X[:, 2] / 2) + 0.3 * X[:, 3] ** 3


def interactions(X):
    return expit(3 * X[:, 0]) * np.exp(X[:, 1] / 2) - X[:, 2] * (X[:, 2] > 0) + np.sin(3 * X[:, 3])


def steps(X):
    return np.floor(X[:, 0]) + 2 * (X[:, 1] > 0.5) * (X[:, 0] > 0) - np.round(X[:, 2]) + X[:, 4]


def lattice(X):
    return np.minimum(X[:, 0], X[:, 1]) + np.maximum(X[:, 2], -X[:, 3]) + 0.3 * X[:, 4]


def mostly_free(X):
    free = np.sin(2 * X[:, 2] * X[:, 3]) + X[:, 4] ** 2 / 2 + np.abs(X[:, 5]) * X[:, 6]
    return free + np.tanh(X[:, 0]) * (1 + (X[:, 2] > 0)) - X[:, 1] / 2


#: Name -> function of standard normal columns, and their constraints.
TRUTHS = {
    "additive": (additive, [1, 1, -1, 1]),
    "interactions": (interactions, [1, 1, -1, 0, 0]),
    "steps": (steps, [1, 1, -1, 0, 1]),
    "lattice": (lattice, [1, 1, 1, -1, 1, 0]),
    "mostly free": (mostly_free, [1, -1, *[0] * 10]),
}
#: Name of a file -> whether the target is a class, and constraints that its subject suggests.
TABLES = {
    "concrete": (False, {"cement": 1, "water": -1, "age": 1}),
    "insurance_charges": (False, {"age": 1, "bmi": 1, "children": 1}),
    "telco_churn": (True, {"tenure": -1, "MonthlyCharges": 1}),
}


class Problem(NamedTuple):
    """Training and test rows, and the constraints."""

    X: Any
    y: np.ndarray
    X_test: Any
    y_test: np.ndarray
    constraints: Any
    is_class: bool


def generated(name, seed, *, is_class):
    truth, constraints = TRUTHS[name]
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(N_TRAIN + N_TEST, len(constraints)))
    mean = truth(X)
    if is_class:
        y = (rng.random(len(X)) < expit(3 * (mean - np.median(mean)) / mean.std())).astype(int)
    else:
        y = mean + 0.5 * mean.std() * rng.normal(size=len(X))
        y /= y.std()
    parts = X[:N_TRAIN], y[:N_TRAIN], X[N_TRAIN:], y[N_TRAIN:]
    return Problem(*parts, constraints, is_class)


def stored(folder, name, seed):
    is_class, constraints = TABLES[name]
    table = pd.read_parquet(folder / f"{name}.parquet")
    X, y = table.drop(columns="target"), table["target"].to_numpy()
    y = np.unique(y, return_inverse=True)[1] if is_class else y / y.std()
    X, X_test, y, y_test = train_test_split(X, y, test_size=0.3, random_state=seed)
    return Problem(X, y, X_test, y_test, constraints, is_class)


def network(problem, *, constrained, seed):
    cls = DNNClassifier if problem.is_class else DNNRegressor
    return cls(random_state=seed, monotonic_cst=problem.constraints if constrained else None)


def boosting(problem, seed):
    cls = HistGradientBoostingClassifier if problem.is_class else HistGradientBoostingRegressor
    return cls(
        random_state=seed, monotonic_cst=problem.constraints, categorical_features="from_dtype"
    )


def measured(model, problem):
    """Test loss, seconds of the fit."""
    start = time.perf_counter()
    model.fit(problem.X, problem.y)
    seconds = time.perf_counter() - start
    if problem.is_class:
        return log_loss(problem.y_test, model.predict_proba(problem.X_test)), seconds
    return root_mean_squared_error(problem.y_test, model.predict(problem.X_test)), seconds


def steps_against(model, problem):
    """Number of steps against the constraints by more than 1e-6 of the largest prediction."""
    X, constraints = pd.DataFrame(problem.X_test), problem.constraints
    pairs = constraints.items() if isinstance(constraints, dict) else enumerate(constraints)
    rows, found = X.iloc[np.arange(N_ROWS) % len(X)], 0
    for column, sign in pairs:
        if not sign:
            continue
        values = np.linspace(X[column].min(), X[column].max(), N_VALUES)
        many = rows.iloc[np.repeat(np.arange(N_ROWS), N_VALUES)].copy()
        many[column] = np.tile(values, N_ROWS)
        given = many if isinstance(problem.X, pd.DataFrame) else many.to_numpy()
        predict = model.predict_proba if problem.is_class else model.predict
        predictions = predict(given).reshape(len(many), -1)[:, -1].reshape(-1, N_VALUES)
        limit = 1e-6 * np.abs(predictions).max()
        found += np.count_nonzero(sign * np.diff(predictions, axis=1) < -limit)
    return found


def problems(options):
    for is_class in (False, True):
        for name in TRUTHS:
            label = f"{name}, {'classes' if is_class else 'numbers'}"
            yield label, [generated(name, s, is_class=is_class) for s in range(options.seeds)]
    if options.data:
        for name in TABLES:
            yield name, [stored(options.data, name, seed) for seed in range(options.seeds)]


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="folder of Parquet files with a column target")
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args(argv)
    print(f"{'loss':24s} {'free':>8s} {'bound':>8s} {'boosting':>8s}  {'time':>5s} steps")
    relative = []
    for label, each in problems(options):
        losses, seconds, against = [], [], 0
        for seed, problem in enumerate(each):
            free = network(problem, constrained=False, seed=seed)
            bound = network(problem, constrained=True, seed=seed)
            results = [measured(m, problem) for m in (free, bound, boosting(problem, seed))]
            losses.append([loss for loss, _ in results])
            seconds.append([own for _, own in results])
            against += steps_against(bound, problem)
        free, bound, trees = np.mean(losses, axis=0)
        ratio = np.median(np.divide(*np.transpose(seconds)[[1, 0]]))
        relative.append([bound / free, bound / trees, ratio])
        print(
            f"{label:24s} {free:8.4f} {bound:8.4f} {trees:8.4f}  {ratio:5.2f} {against}", flush=True
        )
    means = np.exp(np.log(relative).mean(axis=0))
    print(f"\nbound / free {means[0]:.4f}, bound / boosting {means[1]:.4f}, time {means[2]:.2f}")


if __name__ == "__main__":
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        main()

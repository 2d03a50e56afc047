"""Coverage and width of prediction intervals and sets.

    python benchmarks/coverage.py --data DIR [--tables a,b] [--splits 20] [--rows 2000]
        [--coverage 0.9]

Five generated tables with noise that depends on the columns, and tables of DIR (``NAME.parquet`` or
``NAME.csv``, see ``benchmarks/accuracy.py``). Each is split at random: a quarter of ``rows`` for
``conformalize``, the rest to fit with default parameters, and as many others as there are, up to
twice ``rows``, to count. Printed for each table, as means over the splits:

* regression: squared error with the rows that ``fit`` holds out ("held-out"), the same fit after
  ``conformalize`` ("split"), the quantiles of the ends and the median with the rows that ``fit``
  holds out ("quantiles"), the same fit after ``conformalize`` ("CQR"): share of the targets inside,
  mean width in standard deviations of the target, and share inside among the tenth of the rows with
  the largest difference of the two quantiles;
* classification: the sets of the rows that ``fit`` holds out, and those after ``conformalize``:
  share of right classes inside, mean size, and accuracy, which is the least share possible.
"""

import argparse
import warnings
from pathlib import Path

import numpy as np
from accuracy import load
from sklearn.model_selection import ShuffleSplit

from skdnn import DNNClassifier, DNNRegressor, Quantile

TABLES = (
    "bike_sharing_hour,california_housing,diamonds,protein_casp,covertype_kaggle,higgs_7k,"
    "letter,telco_churn"
)
GENERATED = 5


def generated(kind, n_rows, seed=0):
    """Six columns and targets whose noise depends on them; of two kinds it has heavy tails."""
    rng = np.random.default_rng([kind, seed])
    X = rng.normal(size=(n_rows, 6))
    mean, scale = {
        0: (X[:, 0] + np.sin(2 * X[:, 1]), 0.2 + 0.5 * np.abs(X[:, 2])),
        1: (X[:, 0] * X[:, 1], np.exp(0.7 * X[:, 2] - 0.5)),
        2: (2 * np.abs(X[:, 0]), 0.1 + (X[:, 0] > 0)),
        3: (3 * np.tanh(X[:, 0] + X[:, 3]), 0.3 * (1 + X[:, 1] ** 2)),
        4: (X @ np.arange(6) / 5, np.where(X[:, 4] > 1, 3.0, 0.5)),
    }[kind]
    noise = rng.standard_t(4, size=n_rows) if kind in (1, 3) else rng.normal(size=n_rows)
    return X, mean + scale * noise


def rows(X, index):
    return X.iloc[index] if hasattr(X, "iloc") else X[index]


def intervals(parts, seed, coverage):
    """Share inside, width, and share inside where the noise is largest, of each method."""
    (X, y), (X_cal, y_cal), (X_test, y_test) = parts
    alpha = 1 - coverage
    found, fitted = {}, {}
    for loss in ("squared_error", Quantile([alpha / 2, 0.5, 1 - alpha / 2])):
        model = fitted[str(loss)] = DNNRegressor(loss=loss, random_state=seed).fit(X, y)
        names = ("held-out", "split") if loss == "squared_error" else ("quantiles", "CQR")
        found[names[0]] = model.predict_interval(X_test, coverage)
        found[names[1]] = model.conformalize(X_cal, y_cal).predict_interval(X_test, coverage)
    lower, upper = found["quantiles"].T
    noisiest = upper - lower >= np.quantile(upper - lower, 0.9)
    results = {}
    for name, interval in found.items():
        inside = (interval[:, 0] <= y_test) & (y_test <= interval[:, 1])
        width = (interval[:, 1] - interval[:, 0]).mean() / y_test.std()
        results[name] = inside.mean(), width, inside[noisiest].mean()
    return results


def sets(parts, seed, coverage):
    """Share inside, size and accuracy of each method."""
    (X, y), (X_cal, y_cal), (X_test, y_test) = parts
    model, results = DNNClassifier(random_state=seed).fit(X, y), {}
    is_right = model.classes_ == y_test[:, None]
    accuracy = (model.predict(X_test) == y_test).mean()
    for name in ("held-out", "conformalize"):
        if name == "conformalize":
            model.conformalize(X_cal, y_cal)
        found = model.predict_set(X_test, coverage)
        results[name] = (found & is_right).any(axis=1).mean(), found.sum(axis=1).mean(), accuracy
    return results


def measure(name, X, y, is_regression, options):
    """Print the means over the splits; return them."""
    n_rows = min(options.rows, len(y) // 2)
    n_test = min(2 * options.rows, len(y) - n_rows)
    splitter = ShuffleSplit(options.splits, train_size=n_rows, test_size=n_test, random_state=0)
    results = []
    for seed, (train, test) in enumerate(splitter.split(y)):
        pieces = train[n_rows // 4 :], train[: n_rows // 4], test
        parts = [(rows(X, index), y[index]) for index in pieces]
        of_kind = intervals if is_regression else sets
        results.append(of_kind(parts, seed, options.coverage))
    means = {}
    for method in results[0]:
        means[method] = np.mean([each[method] for each in results], axis=0)
        print(f"{name:20} {method:12} " + " ".join(f"{value:7.3f}" for value in means[method]),
              flush=True)  # fmt: skip
    return means


def summary(tables):
    """Mean and least share inside of each method, and widths relative to the first two."""
    for method in tables[0]:
        shares = [each[method][0] for each in tables]
        print(f"{method:12} mean {np.mean(shares):.3f}, least {np.min(shares):.3f}", flush=True)
    if "CQR" in tables[0]:
        ratios = [each["CQR"][1] / each["split"][1] for each in tables]
        print(f"width of CQR / split: mean {np.exp(np.mean(np.log(ratios))):.3f}, most "
              f"{max(ratios):.3f}")  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--data", type=Path)
    parser.add_argument("--tables", default=TABLES)
    parser.add_argument("--splits", type=int, default=20)
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--coverage", type=float, default=0.9)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    found = {True: [], False: []}
    print(f"{'table':20} {'method':12}  inside   width  noisiest, or  inside   size  accuracy")
    for kind in range(GENERATED):
        X, y = generated(kind, 3 * options.rows)
        found[True].append(measure(f"generated {kind}", X, y, True, options))
    for name in options.tables.split(",") if options.data else []:
        path = next(options.data.glob(f"{name}.*"))
        X, y, is_regression = load(path)
        found[is_regression].append(measure(name, X, y, is_regression, options))
    for tables in filter(None, found.values()):
        summary(tables)


if __name__ == "__main__":
    main()

"""How often the workers of a distributed training should average their parameters.

Workers are threads of this process, each with its share of the rows of a generated table; the test
rows are generated, too, so that many are cheap. Only errors are measured, no times. Printed are the
log-loss of a table of numbers and categories with missing values, and 1 - R2 of a table of
numbers, relative to those of one process with as many passes over the rows. "Apart" is the mean of
the predictions of models that are trained apart, each with the rows of one worker.

    python benchmarks/averaging.py --rows 200000 --workers 2 4 8 --every 1 4 8 16 32 64
"""

import argparse
import threading
import warnings
from ast import literal_eval
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.metrics import log_loss, r2_score

from skdnn import DNNClassifier, DNNRegressor
from skdnn.distributed._fit import fit_shard
from skdnn.distributed._sockets import Listening, SocketGroup
from skdnn.distributed._summary import Summary

SAMPLE, N_TEST = 50_000, 100_000


def mixed(n_rows, n_columns, seed):
    """Numbers, a fifth of the columns categories, a tenth of the numbers missing; two classes."""
    rng, truth = np.random.default_rng(seed), np.random.default_rng(0)
    n_categorical = n_columns // 5
    numbers = rng.normal(size=(n_rows, n_columns - n_categorical)).astype(np.float32)
    first, second = truth.normal(size=(2, numbers.shape[1], 8)) / np.sqrt(numbers.shape[1])
    logit = np.sum(np.sin(2 * numbers @ first) * np.tanh(numbers @ second), axis=1)
    numbers[rng.random(numbers.shape) < 0.1] = np.nan
    X = pd.DataFrame(numbers, columns=[f"x{i}" for i in range(numbers.shape[1])])
    for j in range(n_categorical):
        codes = rng.integers(0, 5 * (j + 1), n_rows)
        logit += truth.normal(size=5 * (j + 1))[codes]
        X[f"c{j}"] = pd.Categorical.from_codes(codes, [f"k{k}" for k in range(5 * (j + 1))])
    return X, rng.random(n_rows) < 1 / (1 + np.exp(-logit))


def smooth(n_rows, n_columns, seed):
    """A smooth function of numbers, with noise."""
    rng, truth = np.random.default_rng(seed), np.random.default_rng(1)
    X = rng.normal(size=(n_rows, n_columns)).astype(np.float32)
    first, second = truth.normal(size=(2, n_columns, 12)) / np.sqrt(n_columns)
    y = np.sum(np.sin(3 * X @ first) + (X @ second) ** 2 / 4, axis=1)
    return X, y + rng.normal(size=n_rows)


def part(X, rows):
    return X.iloc[rows] if isinstance(X, pd.DataFrame) else X[rows]


def fit_together(estimator, X, y, n_workers, every):
    """The model of some workers with shares of equal size."""
    shares = np.array_split(np.arange(len(y)), n_workers)
    sample = np.random.default_rng(0).permutation(len(y))[:SAMPLE]
    summary = Summary(part(X, sample), y[sample])
    listener, key = Listening("127.0.0.1"), b"benchmark"

    def work(rank):
        if rank == 0:
            group = SocketGroup.serve(listener, n_workers, key, 600.0)
        else:
            group = SocketGroup.join(listener.address, rank, n_workers, key, 600.0)
        with group:
            return fit_shard(
                estimator, part(X, shares[rank]), y[shares[rank]], summary=summary, group=group,
                steps_between_averages=every,
            )  # fmt: skip

    with ThreadPoolExecutor(n_workers) as pool:
        return next(iter(pool.map(work, range(n_workers))))


def fit_apart(estimator, X, y, n_workers, passes):
    """A model for the share of each worker."""
    shares = np.array_split(np.arange(len(y)), n_workers)
    estimator = clone(estimator).set_params(max_iter=passes)
    return [clone(estimator).fit(part(X, rows), y[rows]) for rows in shares]


def error(models, X, y):
    """Of the mean of their predictions."""
    if isinstance(models[0], DNNClassifier):
        return log_loss(y, np.mean([model.predict_proba(X) for model in models], axis=0))
    return 1 - r2_score(y, np.mean([model.predict(X) for model in models], axis=0))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--columns", type=int, default=20)
    parser.add_argument("--members", type=int, default=1)
    parser.add_argument("--passes", type=int, nargs="+", default=[0], help="0: by the rows")
    parser.add_argument("--workers", type=int, nargs="+", default=[2, 4, 8])
    parser.add_argument("--every", type=int, nargs="+", default=[1, 4, 8, 16, 32, 64])
    parser.add_argument("--tables", nargs="+", default=["mixed", "smooth"])
    parser.add_argument("--set", nargs="+", default=[], help="of the workers: batch_size=64")
    parser.add_argument("--seeds", type=int, default=1)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    changed = {name: literal_eval(value) for name, value in (e.split("=") for e in options.set)}
    for name, make, cls in (("mixed", mixed, DNNClassifier), ("smooth", smooth, DNNRegressor)):
        if name not in options.tables:
            continue
        test = make(N_TEST, options.columns, 10**6)
        for passes in options.passes:
            cells = {}
            for seed in range(options.seeds):
                X, y = make(options.rows, options.columns, seed)
                estimator = cls(
                    n_members=options.members, max_iter=passes or "auto", random_state=seed,
                    n_jobs=1,
                )  # fmt: skip
                alone = error([estimator.fit(X, y)], *test)
                cells.setdefault("alone", []).append(alone)
                for workers in options.workers:
                    apart = fit_apart(estimator, X, y, workers, estimator.max_iter_)
                    cells.setdefault((workers, 0), []).append(error(apart, *test) / alone)
                    for every in options.every:
                        other = clone(estimator).set_params(**changed)
                        together = fit_together(other, X, y, workers, every)
                        cells.setdefault((workers, every), []).append(
                            error([together], *test) / alone
                        )
            epochs = estimator.max_iter_
            print(
                f"\n{name}, {options.rows} rows, {options.columns} columns, {epochs} passes, one "
                f"process: {np.mean(cells['alone']):.4f}\n"
            )
            heads = ["workers", *(f"every {every}" for every in options.every), "apart"]
            print("| " + " | ".join(heads) + " |\n|" + "---|" * len(heads))
            for workers in options.workers:
                row = [np.mean(cells[workers, every]) for every in [*options.every, 0]]
                row = [str(workers), *(f"{each:.4f}" for each in row)]
                print("| " + " | ".join(row) + " |", flush=True)
    assert threading.active_count() == 1


if __name__ == "__main__":
    main()

"""Memory, threads and files of a long-running process with many fits and predictions.

``python benchmarks/leaks.py`` runs 300 fits and 10,000 predictions of many kinds and prints, after
each sixth of them, the increase of the resident memory since the first sixth, and the numbers of
threads and open files. Linux only.
"""

import gc
import os
import threading
import warnings
from itertools import cycle, islice

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from skdnn import DNNClassifier, DNNRegressor

N_FITS, N_PREDICTIONS, N_PARTS = 300, 10_000, 6


def resident_mb():
    """Resident memory of this process in MB."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def failing(model, X, y):
    """A fit that fails during training, and then succeeds."""
    try:
        model.set_params(learning_rate_init=1e300).fit(X, y)
    except ValueError:
        model.set_params(learning_rate_init=0.01).fit(X, y)
    return model


def fits(X, frame, y):
    """Infinite cycle of functions that return a fitted model and rows for it."""
    small = {"hidden_layer_sizes": (16,), "max_iter": 2, "random_state": 0}
    mlp = DNNRegressor.preset("mlp", **small)
    yield from cycle([
        lambda: (DNNRegressor(**small).fit(frame, y), frame),
        lambda: (DNNClassifier(**small, n_jobs=2).fit(frame, y > 0), frame),
        lambda: (DNNRegressor(**small, early_stopping=True).fit(X, y), X),
        lambda: (mlp.set_params(n_jobs=None).fit(X, y), X),
        lambda: (mlp.fit(csr_array(X), y), csr_array(X)),
        lambda: (DNNRegressor(**small, solver="lbfgs").fit(X, y), X),
        lambda: (DNNRegressor(**small).partial_fit(X, y).partial_fit(X[:50], y[:50]), X),
        lambda: (failing(DNNRegressor(**small), X, y), X),
    ])  # fmt: skip


def main():
    warnings.simplefilter("ignore")
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 5))
    frame = pd.DataFrame(X, columns=list("abcde")).assign(town=rng.choice(["x", "y", "z"], 200))
    jobs, first = fits(X, frame, X[:, 0]), None
    print(
        "| fits | predictions | MB above the first line | threads | files |\n|---|---|---|---|---|"
    )
    for part in range(1, N_PARTS + 1):
        for job in islice(jobs, N_FITS // N_PARTS):
            model, rows = job()
            for i in range(N_PREDICTIONS // N_FITS + 1):
                model.predict(rows[i : i + 1 + 100 * (i % 2)])
        gc.collect()
        first = resident_mb() if first is None else first
        print(
            f"| {part * N_FITS // N_PARTS} | {part * (N_PREDICTIONS // N_PARTS)} "
            f"| {resident_mb() - first:.1f} | {threading.active_count()} "
            f"| {len(os.listdir('/proc/self/fd'))} |",
            flush=True,
        )


if __name__ == "__main__":
    main()

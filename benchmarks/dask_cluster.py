"""Accuracy, speed and memory of fits on a Dask cluster of processes with one thread each.

Tables of numbers and categories with missing values are generated in partitions by the workers, so
that no process has all rows. Printed are the log-loss, or R2, of generated test rows, the passes
over the rows, the rows a second of the training, the share of its time in which a worker waits for
the means over all workers, and the peak memory of a worker above that before, relative to its
encoded rows.

    python benchmarks/dask_cluster.py --rows 1000000 --columns 50 --workers 1 2 4
    python benchmarks/dask_cluster.py --predict --rows 10000000 --workers 2

With --predict rows in the memory of the workers are predicted by partitions. Printed are the rows a
second, and their ratio to those of the plain estimator, with one thread, times the workers.
"""

import argparse
import time
from pathlib import Path

import dask
import dask.dataframe as dd
import numpy as np
import pandas as pd
from averaging import mixed, smooth
from distributed import Client, LocalCluster, futures_of, wait
from sklearn.metrics import log_loss, r2_score

from skdnn.distributed import DaskDNNClassifier, DaskDNNRegressor

N_TEST = 100_000
ROW = "{:>14} {:>8} {:>10} {:>7} {:>10} {:>10} {:>8}"


def table(make, n_rows, n_columns, seed):
    """Rows with their targets, as a data frame."""
    X, y = make(n_rows, n_columns, seed)
    if not hasattr(X, "columns"):
        X = pd.DataFrame(X, columns=[f"x{j}" for j in range(n_columns)])
    return X.reset_index(drop=True).assign(target=y)


def watch(dask_worker):
    """In a worker: add up the seconds of waiting for means, and the bytes of encoded rows."""
    from skdnn.distributed import _averages, _storage

    end, stacked = _averages.Averages.end, _storage.Storage.stacked
    dask_worker.seconds, dask_worker.encoded = 0.0, 0

    def timed(self):
        start = time.perf_counter()
        try:
            return end(self)
        finally:
            dask_worker.seconds += time.perf_counter() - start

    def weighed(self, pieces, n_rows):
        arrays = stacked(self, pieces, n_rows)
        dask_worker.encoded += sum(each.nbytes for each in arrays)
        return arrays

    _averages.Averages.end, _storage.Storage.stacked = timed, weighed


def watched(dask_worker):
    return dask_worker.seconds, dask_worker.encoded


def memory(name):
    """Bytes of this process: now with "VmRSS", at its peak with "VmHWM"; on Linux."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith(name))


def measure(kind, n_rows, n_columns, n_workers, parameters):
    is_classifier = kind == "log-loss"
    make = mixed if is_classifier else smooth
    cls = DaskDNNClassifier if is_classifier else DaskDNNRegressor
    sizes = [n_rows // 16] * 16
    with (
        LocalCluster(n_workers=n_workers, threads_per_worker=1, dashboard_address=":0") as cluster,
        Client(cluster) as client,
    ):
        client.run(watch)
        before = client.run(memory, "VmRSS")
        make_table = dask.delayed(table)
        lazy = dd.from_delayed(
            [make_table(make, size, n_columns, 10 + i) for i, size in enumerate(sizes)],
            meta=table(make, 2, n_columns, 0),
        )
        columns = [name for name in lazy.columns if name != "target"]
        model = cls(**parameters).fit(lazy[columns], lazy["target"])
        seconds = sum(model.history_["seconds"])
        found, after = client.run(watched), client.run(memory, "VmHWM")
    waiting = max(each for each, _ in found.values())
    # One worker that fits as the plain estimator encodes other arrays.
    ratio = max((after[a] - before[a]) / (encoded or np.nan) for a, (_, encoded) in found.items())
    test = table(make, N_TEST, n_columns, 1)
    local = model.to_local()
    if is_classifier:
        score = log_loss(test["target"], local.predict_proba(test[columns]))
    else:
        score = r2_score(test["target"], local.predict(test[columns]))
    return score, model.n_iter_, n_rows * model.n_iter_ / seconds, waiting / seconds, ratio


def predictions(n_rows, n_columns, n_workers, parameters):
    """Rows a second of a cluster, and of the plain estimator in one of its workers."""
    n_parts = 20
    size = n_rows // n_parts
    with (
        LocalCluster(n_workers=n_workers, threads_per_worker=1, dashboard_address=":0") as cluster,
        Client(cluster) as client,
    ):
        data = table(smooth, 20_000, n_columns, 0)
        columns = [name for name in data.columns if name != "target"]
        model = DaskDNNRegressor(**parameters).fit(data[columns], data["target"])
        make_table = dask.delayed(table)
        lazy = dd.from_delayed(
            [make_table(smooth, size, n_columns, i) for i in range(n_parts)],
            meta=table(smooth, 2, n_columns, 0),
        )
        X = lazy[columns].persist()
        wait(X)
        plain = model.to_local().set_params(n_jobs=1)

        def alone(part, plain):
            plain.predict(part[:1000])
            start = time.perf_counter()
            plain.predict(part)
            return len(part) / (time.perf_counter() - start)

        speed = client.submit(alone, futures_of(X)[0], plain).result()
        wait(model.predict(X.partitions[: 2 * n_workers]).persist())
        start = time.perf_counter()
        wait(model.predict(X).persist())
        return n_rows / (time.perf_counter() - start), speed


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--columns", type=int, default=50)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--members", type=int, default=4)
    parser.add_argument("--passes", type=int, help="by default those of the estimators")
    parser.add_argument("--seed", type=int, default=0, help="random_state of the estimators")
    parser.add_argument("--predict", action="store_true", help="measure predictions instead")
    arguments = parser.parse_args()
    parameters = {"n_members": arguments.members, "random_state": arguments.seed}
    if arguments.passes:
        parameters["max_iter"] = arguments.passes
    if arguments.predict:
        for n in arguments.workers:
            all_of_them, one = predictions(arguments.rows, arguments.columns, n, parameters)
            print(
                f"{n} workers: {all_of_them:,.0f} rows/s, {all_of_them / one / n:.2f} of the plain"
            )
        return
    print(ROW.format("rows", "workers", "score", "passes", "rows/s", "waiting", "memory"))
    for kind in ("log-loss", "R2"):
        for n_workers in arguments.workers:
            score, passes, speed, waiting, ratio = measure(
                kind, arguments.rows, arguments.columns, n_workers, parameters
            )
            cells = f"{score:.4f}", passes, f"{speed:,.0f}", f"{waiting:.1%}", f"{ratio:.1f}x"
            print(ROW.format(kind, n_workers, *cells), flush=True)


if __name__ == "__main__":
    main()

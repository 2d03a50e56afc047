"""A fit of rows in parquet files that are more than the memory of the workers.

The folder is generated if it is missing: numbers in float32 and two classes, in files of 100,000
rows. Printed are the rows a second of the training and of the whole fit (statistics and encoding
included), the bytes of the encoded rows of a worker (4 for each number, and 5 for each number of
bins), its peak memory above that before the fit, in all and without pages of files, which the
system can take back, and the log-loss of generated test rows. Sizes are in MiB. On Linux.

    python benchmarks/out_of_core.py --parquet DIR --rows 10000000 --memory 1.5GiB
"""

import argparse
import threading
import time
from pathlib import Path

import dask.dataframe as dd
import numpy as np
import pandas as pd
from distributed import Client, LocalCluster
from sklearn.metrics import log_loss

from skdnn.distributed import DaskDNNClassifier

FILE_ROWS = 100_000
MIB = 2**20


def table(n_rows, n_columns, seed):
    """Numbers with classes, of which a tenth is noise, as a data frame."""
    random = np.random.default_rng([seed, 1])
    X = random.standard_normal((n_rows, n_columns), dtype=np.float32)
    X[:, ::5] = np.exp(X[:, ::5])
    weights = np.random.default_rng(0).normal(size=(n_columns, 8)) / np.sqrt(n_columns)
    signal = np.sin(2 * X @ weights).sum(axis=1)
    found = pd.DataFrame(X, columns=[f"x{j}" for j in range(n_columns)])
    is_noise = random.random(n_rows) < 0.1
    return found.assign(target=np.where(is_noise, random.random(n_rows) < 0.5, signal > 0))


def generate(folder, n_rows, n_columns):
    folder.mkdir(parents=True)
    for i, start in enumerate(range(0, n_rows, FILE_ROWS)):
        rows = table(min(FILE_ROWS, n_rows - start), n_columns, i + 1)
        rows.to_parquet(folder / f"part.{i:05}.parquet")


def sizes():
    """MiB of this process: in all, and without pages of files."""
    lines = [line.split() for line in Path("/proc/self/status").read_text().splitlines()]
    found = {line[0]: int(line[1]) / 1024 for line in lines if line[0].startswith(("VmRSS", "Rss"))}
    return found["VmRSS:"], found["RssAnon:"]


def watch():
    """In a worker: note the largest sizes from now on."""
    import distributed

    before = sizes()
    distributed.largest = before, before

    def look():
        while True:
            peak = tuple(map(max, distributed.largest[1], sizes()))
            distributed.largest = before, peak
            time.sleep(0.02)

    threading.Thread(target=look, daemon=True).start()


def largest():
    import distributed

    return distributed.largest


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--parquet", type=Path, required=True)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--columns", type=int, default=50)
    parser.add_argument("--memory", default="1.5GiB", help="limit of each worker")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--members", type=int, default=1)
    parser.add_argument("--passes", type=int, default=2)
    arguments = parser.parse_args()
    folder, n_columns = arguments.parquet, arguments.columns
    if not folder.exists():
        generate(folder, arguments.rows, n_columns)
    with (
        LocalCluster(
            n_workers=arguments.workers, threads_per_worker=1, memory_limit=arguments.memory,
            dashboard_address=":0",
        ) as cluster,
        Client(cluster) as client,
    ):  # fmt: skip
        client.run(watch)
        lazy = dd.read_parquet(folder)
        columns = [name for name in lazy.columns if name != "target"]
        model = DaskDNNClassifier(
            n_members=arguments.members, max_iter=arguments.passes, random_state=0
        )
        start = time.perf_counter()
        model.fit(lazy[columns], lazy["target"])
        seconds = time.perf_counter() - start
        peaks = client.run(largest)
    local, test = model.to_local(), table(100_000, n_columns, 0)
    n_rows, passes = arguments.rows, local.n_iter_
    edges = local._model.inputs.edges
    encoded = n_rows / arguments.workers * n_columns * (4 + 5 * len(edges)) / MIB
    print(f"{n_rows:,} x {n_columns}, {arguments.workers} workers of {arguments.memory} each")
    print(f"encoded rows of a worker: {encoded:,.0f} MiB")
    for i, (before, peak) in enumerate(peaks.values()):
        total, own = (b - a for a, b in zip(before, peak, strict=True))
        print(
            f"worker {i}: {before[0]:,.0f} MiB before, peak {total:,.0f} MiB above that "
            f"({total / encoded:.2f}x the encoded rows), {own:,.0f} MiB without pages of files"
        )
    trained = n_rows * passes / sum(local.history_["seconds"])
    print(f"{passes} passes, {trained:,.0f} rows/s in the training; fit of {seconds:,.0f} seconds")
    print(f"log-loss {log_loss(test['target'], local.predict_proba(test[columns])):.4f}")


if __name__ == "__main__":
    main()

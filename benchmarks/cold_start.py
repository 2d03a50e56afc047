"""Time of the first fit with an empty and with a full disk cache, and of the import.

    python benchmarks/cold_start.py [--repeats 5]

The fits are those of the defaults, with a data frame of 1,000 rows of 6 numbers and 2 categories,
and of ``DNNClassifier.preset("mlp")`` with an array of either dtype. Every measurement is a new
process. Medians; with an empty cache a single run each.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile

from _speed import tables
from _speed.environment import start_anew_without_limits
from _speed.machine import describe

FIT = """
import time
start = time.perf_counter()
import sys
import warnings
import numpy as np
import pandas as pd
from skdnn import DNNClassifier
warnings.simplefilter("ignore")
rng = np.random.default_rng(0)
model, X = DNNClassifier.preset("mlp", max_iter=20, dtype="input"), rng.standard_normal((1000, 20))
if sys.argv[1] == "defaults":
    model, X = DNNClassifier(), pd.DataFrame(X[:, :6]).rename(columns="x{}".format)
    X["a"], X["b"] = rng.choice(list("xyz"), 1000), rng.choice(["u", "v"], 1000)
else:
    X = X.astype(sys.argv[1])
y = rng.integers(0, 2, 1000)
times = [time.perf_counter()]
for _ in range(2):
    model.fit(X, y)
    times.append(time.perf_counter())
model.predict(X)
times.append(time.perf_counter())
print(times[0] - start, *(b - a for a, b in zip(times, times[1:])))
"""
FITS = {
    "defaults": "defaults, data frame",
    "float32": 'preset("mlp"), float32',
    "float64": 'preset("mlp"), float64',
}

IMPORT = "import time; t = time.perf_counter(); import {}; print(time.perf_counter() - t)"


def run(folder, code, *arguments):
    # With byte code, as for an installed package. What one case compiles is of no use to another.
    byte_code = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": folder}
    cache = os.path.join(folder, "_".join(arguments))
    environment = {**os.environ, **byte_code, "NUMBA_CACHE_DIR": cache}
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return [float(word) for word in done.stdout.split()]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    print(tables.machine(describe()))
    with tempfile.TemporaryDirectory() as folder:
        run(folder, IMPORT.format("skdnn"))
        for name, label in FITS.items():
            imported, first, second, predict = run(folder, FIT, name)
            print(f"{label}, empty cache: import + first fit {imported + first:.1f} s")
            print(
                f"{label}, empty cache: second fit {second:.2f}, first prediction {predict:.2f} s"
            )
            runs = [run(folder, FIT, name) for _ in range(repeats)]
            extra = statistics.median(first - second for _, first, second, _ in runs)
            print(f"{label}, full cache: first fit {extra:.3f} s more than the second")
        seconds = {"sklearn.neural_network": [], "skdnn": []}
        for _ in range(2 * repeats):
            for module, values in seconds.items():
                values += run(folder, IMPORT.format(module))
    theirs, ours = (statistics.median(values) for values in seconds.values())
    print(f"import skdnn {ours:.2f} s, sklearn.neural_network {theirs:.2f} s: {ours / theirs:.2f}x")


if __name__ == "__main__":
    start_anew_without_limits()
    main()

"""Time of the first fit with an empty and with a full disk cache, and of the import.

    python benchmarks/cold_start.py [--repeats 5]

The fits are those of ``DNNClassifier.preset("mlp")``; the defaults encode columns and take longer
to compile. Every measurement is a new process. Medians; with an empty cache a single run per dtype.
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
import warnings
import numpy as np
from skdnn import DNNClassifier
warnings.simplefilter("ignore")
rng = np.random.default_rng(0)
X = rng.standard_normal((1000, 20)).astype("{dtype}")
y = (X[:, 0] > 0).astype(int)
times = [time.perf_counter()]
for _ in range(2):
    model = DNNClassifier.preset("mlp", max_iter=20, dtype="input").fit(X, y)
    times.append(time.perf_counter())
model.predict(X)
times.append(time.perf_counter())
print(times[0] - start, *(b - a for a, b in zip(times, times[1:])))
"""

IMPORT = "import time; t = time.perf_counter(); import {}; print(time.perf_counter() - t)"


def run(code, cache):
    # With byte code, as for an installed package.
    byte_code = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": cache}
    environment = {**os.environ, **byte_code, "NUMBA_CACHE_DIR": cache}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    return [float(word) for word in done.stdout.split()]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    print(tables.machine(describe()))
    with tempfile.TemporaryDirectory() as cache:
        run(IMPORT.format("skdnn"), cache)
        for dtype in ("float32", "float64"):
            code = FIT.format(dtype=dtype)
            imported, first, _, predict = run(code, cache)
            print(f"{dtype}, empty cache: import + first fit {imported + first:.1f} s")
            print(f"{dtype}, empty cache: first prediction {predict:.1f} s")
            runs = [run(code, cache) for _ in range(repeats)]
            extra = statistics.median(first - second for _, first, second, _ in runs)
            print(f"{dtype}, full cache: first fit {extra:.3f} s more than the second")
        seconds = {"sklearn.neural_network": [], "skdnn": []}
        for _ in range(2 * repeats):
            for module, values in seconds.items():
                values += run(IMPORT.format(module), cache)
    theirs, ours = (statistics.median(values) for values in seconds.values())
    print(f"import skdnn {ours:.2f} s, sklearn.neural_network {theirs:.2f} s: {ours / theirs:.2f}x")


if __name__ == "__main__":
    start_anew_without_limits()
    main()

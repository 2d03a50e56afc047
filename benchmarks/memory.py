"""Peak memory of a fit, above that of X and y.

    python benchmarks/memory.py [--rows 200000] [--page docs/performance.md]

Every line is a new process: a small fit to import and compile, then two fits of two epochs. In one
of them the peak of the resident memory is measured (Linux), in the other tracemalloc traces the
memory of NumPy arrays. Resident memory includes other allocations of libraries. Both are the
difference between the peak and the memory in use before the fit, including X and y.

The last two columns are the traced memory in units of X and of the parameters of the network, in
the dtype of the network.
"""

import argparse
import json
import tempfile
import tracemalloc
import warnings
from pathlib import Path

import numpy as np
from _speed.environment import start_anew_without_limits
from _speed.machine import describe
from _speed.peak import in_new_process, resident_peak
from _speed.tables import fill, machine, table
from sklearn.base import clone

FEATURES = 50
#: Large data and a small network; small data and a large network.
NETWORKS = {"(256, 256)": (256, 256), "(2000, 2000)": (2000, 2000)}
#: Format of X, and parameters other than the sizes.
WAYS = {
    "float32": ("float32", "C", {}),
    "float32, Fortran order": ("float32", "F", {}),
    "float64": ("float64", "C", {}),
    "float64, Fortran order": ("float64", "F", {}),
    'float64, dtype="float64"': ("float64", "C", {"dtype": "float64"}),
    "float32, early_stopping": ("float32", "C", {"early_stopping": True}),
    "float32, memmap": ("float32", "memmap", {}),
}

HEAD = ("X", "library", "rows", "hidden", "network", "MB", "MB resident", "in X", "in parameters")


def make_data(rows, dtype, order, folder):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((rows, FEATURES), dtype=dtype)
    y = (X[:, 0] > 0).astype(np.int64)
    if order == "memmap":
        path = Path(folder) / "X.npy"
        np.save(path, X)
        X = np.load(path, mmap_mode="r")
        X.sum()  # its pages are in memory now, and do not count
    elif order == "F":
        X = np.asfortranarray(X)
    return X, y


def traced_peak(fit):
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    fit()
    peak = tracemalloc.get_traced_memory()[1] - before
    tracemalloc.stop()
    return peak


def measure(library, network, way, rows):
    """Measure one line, in this process."""
    warnings.simplefilter("ignore")  # ConvergenceWarning: two epochs
    dtype, order, extra = WAYS[way]
    options = {"batch_size": 256, "max_iter": 2, "random_state": 0, **extra}
    if library == "skdnn":
        from skdnn import DNNClassifier

        model = DNNClassifier.preset("mlp", hidden_layer_sizes=NETWORKS[network], **options)
    else:
        from sklearn.neural_network import MLPClassifier

        model = MLPClassifier(NETWORKS[network], **options)
    with tempfile.TemporaryDirectory() as folder:
        X, y = make_data(rows, dtype, order, folder)
        clone(model).fit(X[:512], y[:512])
        resident = resident_peak(lambda: clone(model).fit(X, y))
        traced = traced_peak(lambda: model.fit(X, y))
        weights = model.coefs_ + model.intercepts_
    return {
        "traced": traced, "resident": resident, "X": X.nbytes,
        "parameters": sum(w.nbytes for w in weights), "dtype": weights[0].dtype.name,
    }  # fmt: skip


def cells(network, library, way, rows, found):
    resident = found["resident"]
    return [
        way, library, f"{rows:,}", network, found["dtype"], f"{found['traced'] / 1e6:.1f}",
        "" if resident is None else f"{resident / 1e6:.1f}",
        f"{found['traced'] / found['X']:.2f}", f"{found['traced'] / found['parameters']:.1f}",
    ]  # fmt: skip


def main(argv=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=200_000, help="rows for the small network")
    parser.add_argument("--page", type=Path, help="page whose table is updated")
    parser.add_argument("--line", help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    if options.line:
        print(json.dumps(measure(*json.loads(options.line))))
        return
    print(machine(describe()))
    print(*HEAD, sep=" | ")
    lines = []
    for network, rows in zip(NETWORKS, (options.rows, 512), strict=True):
        for way in WAYS:
            # scikit-learn's MLP has no parameter for the dtype.
            libraries = ["skdnn"] if "dtype" in WAYS[way][2] else ["skdnn", "scikit-learn"]
            for library in libraries:
                found = in_new_process(__file__, library, network, way, rows)
                lines.append(cells(network, library, way, rows, found))
                print(*lines[-1], sep=" | ", flush=True)
    if options.page:
        options.page.write_text(fill(options.page.read_text(), {"memory": table(HEAD, lines)}))


if __name__ == "__main__":
    start_anew_without_limits()
    main()

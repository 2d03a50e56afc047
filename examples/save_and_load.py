"""Three ways to keep a model: pickle, skops, and a file for predictions; a scorer of NumPy alone.

The model is the classifier of examples/tabular.py. A pickle has all of it, a saved file what
predictions need. ``skdnn.load`` reads the file, with the same predictions to the bit, and so does
``skdnn_light``, which imports neither Numba nor scikit-learn nor pandas: a new process is started
that predicts a row with it, as a function in the cloud would.
"""

import json
import pickle
import subprocess
import sys
import time

import numpy as np
import pandas as pd
from _common import parse_args, print_table, save_figure
from matplotlib import pyplot as plt
from sklearn.model_selection import train_test_split
from tabular import make_claims

import skdnn
import skdnn_light

#: A program that needs NumPy alone: the file and a row, in JSON, are its arguments.
SCORER = """
import json, sys, time
start = time.perf_counter()
import skdnn_light
model = skdnn_light.load(sys.argv[1])
probability = model.predict_proba([json.loads(sys.argv[2])])[0, 1]
milliseconds = 1000 * (time.perf_counter() - start)
heavy = sorted({"numba", "sklearn", "scipy", "pandas", "skdnn"} & set(sys.modules))
print(json.dumps([probability.item(), milliseconds, heavy]))
"""


def ways_to_keep(model, folder):
    """Name -> file, what reads it, and the object that it returns."""
    folder.mkdir(parents=True, exist_ok=True)
    pickled, saved = folder / "model.pickle", folder / "model.skdnn"
    pickled.write_bytes(pickle.dumps(model))
    model.save(saved)
    ways = {
        "pickle": (pickled, lambda path: pickle.loads(path.read_bytes())),
        "save, skdnn.load": (saved, skdnn.load),
        "save, skdnn_light.load": (saved, skdnn_light.load),
    }
    try:
        import skops.io
    except ImportError:
        print("Without skops, which is not installed.\n")
        return ways
    safe = folder / "model.skops"
    skops.io.dump(model, safe)
    trusted = skdnn.SKOPS_TRUSTED
    return {**ways, "skops": (safe, lambda path: skops.io.load(path, trusted=trusted))}


def compare(model, ways, X):
    """A row for each way: size, seconds to load, difference of the predictions."""
    expected, rows = model.predict_proba(X), []
    for name, (path, load) in ways.items():
        start = time.perf_counter()
        loaded = load(path)
        seconds = time.perf_counter() - start
        difference = np.abs(loaded.predict_proba(X) - expected).max()
        rows.append(
            {
                "way": name,
                "kB": path.stat().st_size / 1000,
                "seconds to load": seconds,
                "difference": f"{difference:.0e}" if difference else "0",
            }
        )
    return pd.DataFrame(rows)


def score_alone(path, row):
    """Probability, milliseconds, and large libraries, of a process that predicts one row."""
    command = [sys.executable, "-c", SCORER, str(path), json.dumps(row)]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def plot_sizes(table):
    figure, ax = plt.subplots(figsize=(7, 2.8), layout="constrained")
    bars = ax.barh(table["way"], table["kB"])
    ax.bar_label(bars, fmt="%.0f kB", padding=3)
    ax.set(title="Size of the files", xlabel="kB", xlim=(0, 1.2 * table["kB"].max()))
    return figure


def main(argv=None):
    args = parse_args(__doc__, argv, rows=4_000)
    X_train, X_test, y_train, y_test = train_test_split(*make_claims(args.rows), random_state=0)
    model = skdnn.DNNClassifier(random_state=0).fit(X_train, y_train)
    weights = sum(
        weights.nbytes for layer in [*model.coefs_, *model.intercepts_] for weights in layer
    )
    print(f"Accuracy on {len(X_test)} test rows: {model.score(X_test, y_test):.3f}")
    print(f"Weights of {model.n_members} networks: {weights / 1000:.0f} kB\n")
    ways = ways_to_keep(model, args.output)
    table = compare(model, ways, X_test)
    print_table(table)

    loaded = skdnn.load(ways["save, skdnn.load"][0])
    try:
        loaded.set_params(warm_start=True).fit(X_train, y_train)
    except ValueError as error:
        print(f"\nA saved file is for predictions. To train on:\n  {error}")

    row = {name: None if pd.isna(value) else value for name, value in X_test.iloc[0].items()}
    print(f"\nA row, as a request would have it:\n  {json.dumps(row)}")
    probability, milliseconds, heavy = score_alone(ways["save, skdnn_light.load"][0], row)
    print(f"Probability of a claim: {model.predict_proba(X_test[:1])[0, 1]:.6f}")
    print(f"By skdnn_light, in a new process: {probability:.6f}")
    print(f"It took {milliseconds:.0f} ms with the import of NumPy, and loaded ", end="")
    print(", ".join(heavy) or "neither Numba nor scikit-learn, SciPy, pandas or skdnn.")
    save_figure(plot_sizes(table), args.output, "save_and_load.png")
    return table, probability, heavy


if __name__ == "__main__":
    main()

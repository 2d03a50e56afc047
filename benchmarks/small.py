"""Overhead on small problems, compared with scikit-learn's MLP.

    python benchmarks/small.py [--repeats 300]

The prediction of one row, the fit of a hundred rows, and the time between the compiled calls of
two epochs. Medians of interleaved calls in one process, without compilation.
"""

import argparse
import statistics
import time
import warnings
from functools import partial
from unittest.mock import patch

import numpy as np
from _speed import tables
from _speed.environment import start_anew_without_limits
from _speed.machine import describe
from sklearn.neural_network import MLPClassifier

from skdnn import DNNClassifier
from skdnn.training import engine


def seconds(function):
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def compare(name, theirs, ours, repeats):
    """Print the median times of two functions that are called in turn."""
    times = [(seconds(theirs), seconds(ours)) for _ in range(repeats)][repeats // 10 :]
    mlp, skdnn = (1e6 * statistics.median(column) for column in zip(*times, strict=True))
    print(f"{name}: skdnn {skdnn:.0f} us, MLPClassifier {mlp:.0f} us, ratio {mlp / skdnn:.1f}x")


def data(n_rows, n_features):
    X = np.random.default_rng(0).standard_normal((n_rows, n_features)).astype(np.float32)
    return X, (X[:, 0] > 0).astype(int)


def pair(size, **options):
    """The same network in skdnn and scikit-learn."""
    options.update(hidden_layer_sizes=(size,), random_state=0)
    return MLPClassifier(**options), DNNClassifier.preset("mlp", **options)


def between_epochs():
    """Median time from the end of a compiled call to the beginning of the next, in seconds."""
    marks, resolved = [], engine.resolved

    def marking(entry, arguments):
        compiled = resolved(entry, arguments)

        def marked(*arguments):
            marks.append(time.perf_counter())
            result = compiled(*arguments)
            marks.append(time.perf_counter())
            return result

        return marked

    model = DNNClassifier.preset(
        "mlp", hidden_layer_sizes=(6, 4), batch_size=32, max_iter=1000, n_iter_no_change=np.inf
    )
    with patch.object(engine, "resolved", marking):
        model.fit(*data(1000, 2))
    return statistics.median(b - a for a, b in zip(marks[1::2], marks[2::2], strict=False))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=300)
    repeats = parser.parse_args().repeats
    warnings.simplefilter("ignore")
    print(tables.machine(describe()))
    X, y = data(1000, 20)
    options = {"max_iter": 20, "n_iter_no_change": 20}
    models = [model.fit(X, y) for model in pair(50, **options)]
    for method in ("predict", "predict_proba"):
        calls = [partial(getattr(model, method), X[:1]) for model in models]
        compare(f"{method}, one row of 20 features, hidden (50,)", *calls, 10 * repeats)
    X, y = data(100, 5)
    for early_stopping in (False, True):
        options["early_stopping"] = early_stopping
        calls = [partial(model.fit, X, y) for model in pair(10, **options)]
        name = f"fit, 100 x 5, hidden (10,), 20 epochs, early_stopping={early_stopping}"
        compare(name, *calls, repeats)
    print(f"between two epochs of 1,000 rows: {1e6 * between_epochs():.0f} us")


if __name__ == "__main__":
    start_anew_without_limits()
    main()

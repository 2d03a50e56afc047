"""Training speed beside scikit-learn's MLP and, where it is installed, PyTorch.

    python benchmarks/speed.py [--cases X,A,B] [--repeats 5] [--epochs N]

Same data, architecture, batch, solver (Adam), epochs and dtype (float32), one thread, one process.
The competitors take turns; the table shows the median seconds of an epoch and the ratio of the
medians. A first fit of one epoch, untimed, keeps compilation and imports out of the figures. An
epoch's seconds are the difference between fits of 1 and of 1 + N epochs divided by N: what a fit
costs once does not count.
"""

import argparse
import platform
import statistics
import time
import warnings
from itertools import pairwise

import numpy as np
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

from skdnn import DNNClassifier

# name -> rows, features, hidden layers, classes, batch, epochs
CASES = {
    "X": (1_000, 2, (6, 4), 2, 32, 60),
    "A": (10_000, 20, (64, 64), 2, 32, 5),
    "B": (50_000, 50, (256, 256), 2, 256, 2),
    "C": (60_000, 784, (100,), 10, 10, 1),
    "C2": (60_000, 784, (512,), 10, 128, 1),
    "D": (50_000, 100, (512, 512, 512), 2, 1024, 1),
}


def make_data(n_rows, n_features, n_classes):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n_rows, n_features), dtype=np.float32)
    scores = X @ rng.standard_normal((n_features, n_classes)).astype(np.float32)
    return X, scores.argmax(axis=1)


def fit_sklearn_like(cls, **extra):
    def fit(X, y, hidden, batch, epochs):
        model = cls(
            hidden, batch_size=batch, max_iter=epochs, tol=0.0, n_iter_no_change=np.inf,
            random_state=0, **extra,
        )  # fmt: skip
        model.fit(X, y)

    return fit


def fit_torch(X, y, hidden, batch, epochs):
    """Eager PyTorch with fused Adam and the batches of a hand-written loop, not a DataLoader."""
    import torch

    torch.manual_seed(0)
    sizes = [X.shape[1], *hidden, int(y.max()) + 1]
    layers = []
    for n_in, n_out in pairwise(sizes):
        layers += [torch.nn.Linear(n_in, n_out), torch.nn.ReLU()]
    model = torch.nn.Sequential(*layers[:-1])
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
    loss_function = torch.nn.CrossEntropyLoss()
    X, y = torch.from_numpy(X), torch.from_numpy(y)
    for _ in range(epochs):
        order = torch.randperm(len(X))
        for start in range(0, len(X), batch):
            rows = order[start : start + batch]
            optimizer.zero_grad()
            loss_function(model(X[rows]), y[rows]).backward()
            optimizer.step()


def competitors():
    found = {
        "skdnn": fit_sklearn_like(DNNClassifier, dtype="float32"),
        "scikit-learn": fit_sklearn_like(MLPClassifier),
    }
    try:
        import torch

        torch.set_num_threads(1)
        found["torch"] = fit_torch
    except ImportError:
        pass
    return found


def epoch_seconds(fit, X, y, hidden, batch, epochs):
    seconds = []
    for n in (1, 1 + epochs):
        start = time.perf_counter()
        fit(X, y, hidden, batch, n)
        seconds.append(time.perf_counter() - start)
    return (seconds[1] - seconds[0]) / epochs


def run_case(name, fits, repeats, epochs):
    n_rows, n_features, hidden, n_classes, batch, default_epochs = CASES[name]
    X, y = make_data(n_rows, n_features, n_classes)
    epochs = epochs or default_epochs
    for fit in fits.values():
        fit(X[: 2 * batch], y[: 2 * batch], hidden, batch, 1)
    seconds = {competitor: [] for competitor in fits}
    for _ in range(repeats):
        for competitor, fit in fits.items():
            seconds[competitor].append(epoch_seconds(fit, X, y, hidden, batch, epochs))
    median = {competitor: statistics.median(values) for competitor, values in seconds.items()}
    sizes = [n_features, *hidden, 1 if n_classes == 2 else n_classes]
    work = 6 * n_rows * sum(a * b for a, b in pairwise(sizes))
    cells = [f"{name:3}", f"{n_rows:>6} x {n_features:<4}", f"{hidden!s:16}", f"{batch:>5}"]
    cells += [f"{value:>12.5f}" for value in median.values()]
    cells += [f"{median[c] / median['skdnn']:>7.1f}x" for c in fits if c != "skdnn"]
    print(*cells, f"{work / median['skdnn'] / 1e9:>8.0f}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", default=",".join(CASES))
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=0, help="default: by case")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")  # ConvergenceWarning: the epochs are few on purpose
    fits = competitors()
    print(f"{platform.machine()}, Python {platform.python_version()}, one thread, float32, Adam")
    print(f"median seconds an epoch of {arguments.repeats} interleaved repeats")
    head = [f"{'':3}", f"{'rows x feat.':>13}", f"{'hidden':16}", f"{'batch':>5}"]
    head += [f"{name:>12}" for name in fits] + [f"{'/ ' + c[:6]:>8}" for c in fits if c != "skdnn"]
    print(*head, f"{'GFLOP/s':>8}")
    with threadpool_limits(1):
        for name in arguments.cases.split(","):
            run_case(name, fits, arguments.repeats, arguments.epochs)


if __name__ == "__main__":
    main()

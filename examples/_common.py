"""Helpers of the examples: arguments, images, tables and figures."""

import argparse
import time
import warnings
from contextlib import contextmanager
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import numpy as np
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split


def parse_args(description, argv=None, *, mnist=False, **numbers):
    """Parse the arguments of an example; ``numbers`` are its own int options and their defaults.

    An option whose default is False is a switch.
    """
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("figures"), help="folder for figures")
    if mnist:
        parser.add_argument(
            "--mnist",
            type=Path,
            metavar="PATH",
            help="npz file with X_train, y_train, X_test, y_test; scikit-learn's digits without it",
        )
    for name, default in numbers.items():
        if default is False:
            parser.add_argument(f"--{name}", action="store_true")
            continue
        parser.add_argument(f"--{name}", type=int, default=default, help=f"default: {default}")
    return parser.parse_args(argv)


def load_mnist(path=None):
    """MNIST or the bundled digits as X_train, X_test, y_train, y_test, with pixels in [0, 1]."""
    if path is None:
        X, y = load_digits(return_X_y=True)
        X = (X / 16).astype(np.float32)
        return train_test_split(X, y, test_size=0.25, stratify=y, random_state=0)
    with np.load(path) as data:
        X_train, X_test = (data[name].astype(np.float32) / 255 for name in ("X_train", "X_test"))
        return X_train, X_test, data["y_train"], data["y_test"]


def timed_fit(model, X, y):
    """Fit the model and return the time in seconds."""
    start = time.perf_counter()
    model.fit(X, y)
    return time.perf_counter() - start


@contextmanager
def fixed_epochs():
    """Ignore warnings that training for a fixed number of epochs has not converged."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        yield


def print_table(table):
    print(table.to_string(index=False, float_format="{:.4f}".format))


def save_figure(figure, folder, name):
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    figure.savefig(path, dpi=150)
    print(f"\nFigure: {path}")

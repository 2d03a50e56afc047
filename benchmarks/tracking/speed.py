"""Speed of skdnn over the history of the project, by airspeed velocity.

    cd benchmarks && asv run && asv publish

Fits of a few epochs for the cases of speed.py with the same names, and predictions. A first fit in
``setup`` compiles, or reads the disk cache; speed.py compares with peers.
"""

import warnings

import numpy as np

from skdnn import DNNClassifier

# rows, features, hidden layers, classes, batch, epochs
CASES = {
    "X": (1_000, 2, (6, 4), 2, 32, 200),
    "A": (10_000, 20, (64, 64), 2, 32, 5),
    "B": (50_000, 50, (256, 256), 2, 256, 1),
    "C": (60_000, 784, (100,), 10, 10, 1),
}


def prepare(rows, features, hidden, classes, batch, epochs):
    """A network after a first fit, and its data."""
    warnings.simplefilter("ignore")  # a few epochs do not converge
    rng = np.random.default_rng(0)
    X = rng.standard_normal((rows, features), dtype=np.float32)
    y = (X @ rng.standard_normal((features, classes))).argmax(axis=1)
    model = DNNClassifier.preset(
        "mlp", hidden_layer_sizes=hidden, batch_size=batch, max_iter=epochs, tol=0.0,
        n_iter_no_change=np.inf, random_state=0, dtype="float32",
    )  # fmt: skip
    return model.fit(X[:1_000], y[:1_000]), X, y


class Fit:
    params = list(CASES)
    param_names = ["case"]

    def setup(self, case):
        self.model, self.X, self.y = prepare(*CASES[case])

    def time_fit(self, case):
        self.model.fit(self.X, self.y)


class Predict:
    params = [1, 1_000, 100_000]
    param_names = ["rows"]

    def setup(self, rows):
        self.model, X, _ = prepare(100_000, *CASES["B"][1:])
        self.X = X[:rows]
        self.model.predict_proba(self.X)

    def time_predict_proba(self, rows):
        self.model.predict_proba(self.X)

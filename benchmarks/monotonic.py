"""Monotonic constraints: accuracy and time with and without them, beside histogram gradient boosting.

    python benchmarks/monotonic.py                      # generated tables
    python benchmarks/monotonic.py --data FOLDER        # and some of OpenML's, as CSV files

Each generated target is monotonic in some of the columns, with noise: a model with the right
constraints should lose nothing. Losses are the RMSE, in units of the target's standard deviation,
and the log-loss of test rows, means over the seeds.
"""

import argparse
import time
import warnings
from typing import NamedTuple

import numpy as np
from scipy.special import expit
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.metrics import log_loss, root_mean_squared_error

from skdnn import DNNClassifier, DNNRegressor

N_TRAIN, N_TEST = 2000, 5000


def additive(X):
    return np.tanh(2 * X[:, 0]) + 0.5 * X[:, 1] - np.exp(X[:, 2] / 2) + 0.3 * X[:, 3] ** 3


def interactions(X):
    return expit(3 * X[:, 0]) * np.exp(X[:, 1] / 2) - X[:, 2] * (X[:, 2] > 0) + np.sin(3 * X[:, 3])


def steps(X):
    return np.floor(X[:, 0]) + 2 * (X[:, 1] > 0.5) * (X[:, 0] > 0) - np.round(X[:, 2]) + X[:, 4]


def lattice(X):
    return np.minimum(X[:, 0], X[:, 1]) + np.maximum(X[:, 2], -X[:, 3]) + 0.3 * X[:, 4]


def mostly_free(X):
    free = np.sin(2 * X[:, 2] * X[:, 3]) + X[:, 4] ** 2 / 2 + np.abs(X[:, 5]) * X[:, 6]
    return free + np.tanh(X[:, 0]) * (1 + (X[:, 2] > 0)) - X[:, 1] / 2


#: Function of (n, n_columns) standard normal X, number of columns, and constraints.
TRUTHS = {
    "additive": (additive, 4, [1, 1, -1, 1]),
    "interactions": (interactions, 5, [1, 1, -1, 0, 0]),
    "steps": (steps, 5, [1, 1, -1, 0, 1]),
    "lattice": (lattice, 6, [1, 1, 1, -1, 1, 0]),
    "mostly free": (mostly_free, 12, [1, -1, *[0] * 10]),
}

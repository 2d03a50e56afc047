"""Engines without an estimator around them, for tests."""

import numpy as np

from skdnn.training import engine
from skdnn.training.data import make_features, rows_of
from skdnn.training.engine import Engine, empty_slots
from skdnn.training.progress import TrainingState
from skdnn.training.sampling import draw_seeds
from skdnn.training.settings import TrainingSettings
from skdnn.training.stopping import NoImprovement
from skdnn.training.threads import Threads


def replace_entry(monkeypatch, name, function):
    """Let the engine call a function that is not compiled instead of an entry."""
    monkeypatch.setattr(engine, "resolved", lambda entry, arguments: entry)
    monkeypatch.setattr(engine.entries, name, function)


def make_settings(**changes):
    values = dict(
        solver="adam", alpha=0.01, batch_size=8, learning_rate="constant",
        learning_rate_init=0.01, power_t=0.5, max_iter=3,
        shuffle=False, tol=0.0, verbose=False, n_iter_no_change=10,
        beta_1=0.9, beta_2=0.99, epsilon=1e-6, momentum=0.5, nesterovs_momentum=True,
        weight_decay=0.1, max_fun=100, l1_ratio=0.0, clip_norm=np.inf,
        regularization_schedule="constant", max_time=np.inf,
    )  # fmt: skip
    return TrainingSettings(**{**values, **changes})


def make_rows(X, y, sample_weight=None, *, dtype, rows=None):
    dtype = np.dtype(dtype)
    with np.errstate(over="ignore"):
        return rows_of(make_features(X, dtype, rows), y, sample_weight, dtype)


def bind(network, settings, rows, threads=None):
    """An engine before its first step, of a network with one member."""
    progress = TrainingState(
        [draw_seeds(np.random.RandomState(0))],
        0,
        [NoImprovement(10, 0.0, greater_is_better=False)],
        (),
        settings.solver,
        empty_slots(network, settings.solver),
        np.zeros((1, 1), np.int64),
    )
    threads = Threads(None, 1) if threads is None else threads
    return Engine(network, settings, [rows], [settings.batch_size], progress, threads)

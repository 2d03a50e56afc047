"""The loop over epochs."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from skdnn._dtypes import SCALAR
from skdnn.network.network import Network
from skdnn.training.data import Rows
from skdnn.training.engine import Engine, NonFiniteLossError, mean_loss, predict_raw
from skdnn.training.history import History
from skdnn.training.sampling import Seeds, row_order
from skdnn.training.settings import Settings
from skdnn.training.stopping import NoImprovement

#: Score of raw predictions on the validation rows, greater is better.
Scorer = Callable[[np.ndarray], float]


def train(
    network: Network,
    rows: Rows,
    settings: Settings,
    seeds: Seeds,
    validation: tuple[Rows, Scorer] | None = None,
) -> History:
    """Train a network in place.

    With validation data the parameters of the epoch with the best score are restored at the end.
    An interrupt (Ctrl-C) ends training with a warning and keeps the best parameters so far.

    Parameters
    ----------
    network : Network
    rows : Rows
    settings : Settings
    seeds : Seeds
    validation : (Rows, Scorer), optional

    Raises
    ------
    ValueError
        If the loss or the parameters stop being finite.
    """
    history = History()
    best_params: np.ndarray | None = None
    stopping = NoImprovement(
        settings.n_iter_no_change, settings.tol, greater_is_better=validation is not None
    )
    batch_size = resolve_batch_size(settings.batch_size, rows.n_rows)
    engine = Engine(network, settings, rows, batch_size, seeds.dropout)
    rates = np.full(-(-rows.n_rows // batch_size), settings.learning_rate_init, dtype=SCALAR)
    try:
        while history.n_epochs < settings.max_iter and not stopping.exhausted:
            order = row_order(seeds.order, history.n_epochs, rows.n_rows, settings.shuffle)
            loss = engine.train_epoch(order, rates)
            value = _record(history, network, rows, loss, validation)
            if stopping.update(value) and validation is not None:
                best_params = network.params.copy()
            if settings.verbose:
                _print_epoch(history)
        history.converged = stopping.exhausted
    except KeyboardInterrupt:
        warnings.warn("Training interrupted by user.", UserWarning, stacklevel=5)
    except NonFiniteLossError:
        raise _diverged(settings, history.n_epochs + 1) from None
    else:
        _report_end(settings, history, validation is not None)
    if best_params is not None:
        network.params[...] = best_params
    if validation is None:
        history.best_loss = stopping.best
    else:
        history.best_score = stopping.best
    if not np.isfinite(network.params).all():
        raise _diverged(settings, history.n_epochs)
    return history


def resolve_batch_size(batch_size: int | str, n_rows: int) -> int:
    """Number of rows of a batch; "auto" is ``min(200, n_rows)``, as in scikit-learn's MLP."""
    if batch_size == "auto":
        return min(200, n_rows)
    size = int(batch_size)
    if size > n_rows:
        warnings.warn(
            f"Got batch_size={size}, more than the {n_rows} rows to train on. "
            f"It is going to be clipped to {n_rows}.",
            UserWarning,
            stacklevel=6,
        )
    return min(size, n_rows)


def _record(history, network, rows, loss, validation) -> float:
    """Append an epoch to the history; return the value that decides about stopping."""
    history.loss.append(loss)
    history.n_samples_seen += rows.n_rows
    if validation is None:
        return loss
    validation_rows, score = validation
    raw = predict_raw(network, validation_rows.X)
    history.validation_loss.append(mean_loss(network, raw, validation_rows))
    history.validation_score.append(score(raw))
    return history.validation_score[-1]


def _print_epoch(history: History) -> None:
    print(f"Iteration {history.n_epochs}, loss = {history.loss[-1]:.8f}")
    if history.validation_score:
        print(f"Validation score: {history.validation_score[-1]:f}")


def _report_end(settings: Settings, history: History, has_validation: bool) -> None:
    if not history.converged:
        warnings.warn(
            f"Stochastic Optimizer: Maximum iterations ({settings.max_iter}) reached and the "
            "optimization hasn't converged yet.",
            ConvergenceWarning,
            stacklevel=6,
        )
    elif settings.verbose:
        curve = "Validation score" if has_validation else "Training loss"
        print(
            f"{curve} did not improve more than tol={settings.tol:f} "
            f"for {settings.n_iter_no_change} consecutive epochs. Stopping."
        )


def _diverged(settings: Settings, epoch: int) -> ValueError:
    return ValueError(
        "Solver produced non-finite parameter weights. The input data may contain large values "
        f"and need to be preprocessed. It happened in epoch {epoch} with "
        f"learning_rate_init={settings.learning_rate_init!r}: scale the features (for example "
        "with StandardScaler) and a regression target, or lower learning_rate_init."
    )

"""How to train: the estimators' parameters that concern training, already validated."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

#: Value of a parameter that depends on the number of training rows, or on the solver.
AUTO = "auto"
#: The same of ``batch_size``, whose "auto" is that of scikit-learn's MLP.
BY_ROWS = "by_rows"

#: Up to so many rows, all are one batch, nothing is dropped and nothing held out: a weight is then
#: exactly a number of rows.
TINY_ROWS = 100
#: Rows of the data at most, rows of a batch (0: all).
BATCH_SIZES = ((TINY_ROWS, 0), (3_000, 64), (30_000, 128), (100_000, 256), (float("inf"), 512))
#: Epochs up to so many rows, and up to more; above, as many rows are seen in all, but for so many
#: epochs.
SMALL_EPOCHS, SMALL_ROWS = 120, 2_000
EPOCHS, EPOCH_ROWS, LEAST_EPOCHS = 60, 30_000, 12
#: Iterations of L-BFGS: more make little difference to new rows.
LBFGS_ITERATIONS = 100
DROPOUT = 0.2
#: Of the solvers that are not named: Adam and its relatives take steps of about the rate, whatever
#: the gradient; those of plain SGD grow with it.
LEARNING_RATES, LEARNING_RATE = {"sgd": 0.001}, 0.01


@dataclass(frozen=True)
class TrainingSettings:
    """Names and meaning as the parameters of :class:`skdnn.DNNClassifier`."""

    solver: str
    alpha: float
    batch_size: int | str
    learning_rate: Any
    learning_rate_init: float
    power_t: float
    max_iter: int
    shuffle: bool
    tol: float
    verbose: bool | int
    n_iter_no_change: float
    beta_1: float
    beta_2: float
    epsilon: float
    momentum: float
    nesterovs_momentum: bool
    weight_decay: float
    max_fun: int
    l1_ratio: float
    clip_norm: float
    regularization_schedule: Any
    max_time: float
    label_smoothing: float = 0.0

    @classmethod
    def of(cls, estimator: Any, n_rows: int) -> TrainingSettings:
        """The parameters of an estimator that are settings, for so many training rows."""
        names = [field.name for field in fields(cls)]
        given = {name: getattr(estimator, name) for name in names if hasattr(estimator, name)}
        given["max_iter"] = resolve_max_iter(estimator, n_rows)
        given["learning_rate_init"] = resolve_learning_rate_init(estimator)
        return cls(**given)


def resolve_max_iter(estimator: Any, n_rows: int) -> int:
    """Number of epochs by the parameter ``max_iter``."""
    if estimator.max_iter != AUTO:
        return estimator.max_iter
    return LBFGS_ITERATIONS if estimator.solver == "lbfgs" else epochs_for(n_rows)


def resolve_learning_rate_init(estimator: Any) -> float:
    """Learning rate by the parameter ``learning_rate_init``."""
    if estimator.learning_rate_init != AUTO:
        return estimator.learning_rate_init
    return LEARNING_RATES.get(estimator.solver, LEARNING_RATE)


def batch_size_for(n_rows: int) -> int:
    """Rows of a batch for so many rows: more steps in an epoch do small data good."""
    return next(size for limit, size in BATCH_SIZES if n_rows <= limit) or n_rows


def epochs_for(n_rows: int) -> int:
    """Epochs for so many rows: large data take fewer of them."""
    if n_rows <= SMALL_ROWS:
        return SMALL_EPOCHS
    return max(LEAST_EPOCHS, min(EPOCHS, round(EPOCHS * EPOCH_ROWS / n_rows)))


def dropout_for(n_rows: int) -> float:
    """Rate of dropout for so many rows: a full batch is trained without any noise."""
    return DROPOUT if n_rows > TINY_ROWS else 0.0

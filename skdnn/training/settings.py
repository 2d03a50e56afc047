"""Training settings: the validated parameters of the estimators that concern training."""

from __future__ import annotations

from dataclasses import dataclass, fields
from math import inf
from typing import Any

#: Value of parameters that are resolved by the number of training rows, or by the solver.
AUTO = "auto"
#: The same for ``batch_size``, whose "auto" is that of scikit-learn's MLP.
BY_ROWS = "by_rows"

#: Up to this number of rows there is one batch, no dropout and no hold-out: sample weights are then
#: equivalent to repeated rows.
TINY_ROWS = 100
#: (maximum number of training rows, batch size); 0 is a batch of all rows.
BATCH_SIZES = ((TINY_ROWS, 0), (3_000, 64), (30_000, 128), (100_000, 256), (inf, 512))
#: Above ``TINY_ROWS`` and up to this number of training rows there are few epochs, of longer steps.
FEW_ROWS = 12_000
#: (maximum number of training rows, (most epochs, up to these rows, power, least epochs)): above,
#: they are most * (rows / n_rows) ** power, as each has more steps. From FEW_ROWS on there are
#: enough rows for more complex functions, which take longer to learn.
EPOCHS = ((FEW_ROWS, (60, 2_000, 0.8, 24)), (20_000, (40, inf, 0, 40)), (inf, (60, 30_000, 1.8, 6)))
#: Iterations of L-BFGS: more hardly improve the generalization.
LBFGS_ITERATIONS = 100
DROPOUT = 0.1
#: The steps of Adam and its variants are about as long as the learning rate; those of SGD are
#: proportional to the gradient and need a smaller one.
LEARNING_RATE, FEW_ROWS_LEARNING_RATE, SGD_LEARNING_RATE = 0.01, 0.015, 0.001
#: Maximum norm of the gradient with ``loss="normal"``: errors are divided by predicted variances.
NORMAL_CLIP_NORM = 1.0


@dataclass(frozen=True)
class TrainingSettings:
    """Settings with the names and meaning of the parameters of :class:`skdnn.DNNClassifier`."""

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
    def of(cls, estimator: Any, n_rows: int, is_partial: bool = False) -> TrainingSettings:
        """Settings of an estimator, resolved for a number of training rows.

        How many calls of ``partial_fit`` will follow is not known.
        """
        names = [field.name for field in fields(cls)]
        given = {name: getattr(estimator, name) for name in names if hasattr(estimator, name)}
        given["max_iter"] = resolve_max_iter(estimator, n_rows)
        most_rows = inf if is_partial else n_rows
        given["clip_norm"] = resolve_clip_norm(estimator)
        given["learning_rate_init"] = resolve_learning_rate_init(estimator, most_rows)
        return cls(**given)


def resolve_max_iter(estimator: Any, n_rows: int) -> int:
    """Number of epochs for the parameter ``max_iter``."""
    if estimator.max_iter != AUTO:
        return estimator.max_iter
    return LBFGS_ITERATIONS if estimator.solver == "lbfgs" else epochs_for(n_rows)


def resolve_learning_rate_init(estimator: Any, n_rows: float = inf) -> float:
    """Learning rate for the parameter ``learning_rate_init``."""
    if estimator.learning_rate_init != AUTO:
        return estimator.learning_rate_init
    if estimator.solver == "sgd":
        return SGD_LEARNING_RATE
    return FEW_ROWS_LEARNING_RATE if TINY_ROWS < n_rows <= FEW_ROWS else LEARNING_RATE


def resolve_clip_norm(estimator: Any) -> float:
    """Maximum norm of the gradient for the parameter ``clip_norm``."""
    if estimator.clip_norm != AUTO:
        return estimator.clip_norm
    return NORMAL_CLIP_NORM if estimator.loss == "normal" else inf


def batch_size_for(n_rows: int) -> int:
    """Batch size for a number of training rows: small data need more steps per epoch."""
    return next(size for limit, size in BATCH_SIZES if n_rows <= limit) or n_rows


def epochs_for(n_rows: int) -> int:
    """Number of epochs for a number of training rows."""
    most, rows, power, least = next(rule for limit, rule in EPOCHS if n_rows <= limit)
    return max(least, round(most * min(1.0, rows / n_rows) ** power))


def dropout_for(n_rows: int) -> float:
    """Dropout rate for a number of training rows: full batches are trained without noise."""
    return DROPOUT if n_rows > TINY_ROWS else 0.0

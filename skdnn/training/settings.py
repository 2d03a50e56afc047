"""How to train: the estimators' parameters that concern training, already validated."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any


@dataclass(frozen=True)
class Settings:
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
    n_jobs: int | None
    label_smoothing: float = 0.0

    @classmethod
    def of(cls, estimator: Any) -> Settings:
        """The parameters of an estimator that are settings."""
        names = [field.name for field in fields(cls)]
        return cls(**{name: getattr(estimator, name) for name in names if hasattr(estimator, name)})

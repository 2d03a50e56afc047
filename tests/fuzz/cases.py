"""What a case of the fuzzer is: a description of a few words, whose ``repr`` makes it again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Data:
    """Rows to train with; everything but the description comes from the seed."""

    seed: int = 0
    n_rows: int = 20
    #: Kind of each column of X: see ``COLUMNS``.
    columns: tuple[str, ...] = ("normal",)
    #: What holds them: see ``CONTAINERS``.
    container: str = "array"
    #: See ``TARGETS`` of the task.
    target: str = "normal"
    #: See ``WEIGHTS``.
    weights: str | None = None
    #: See ``OFFSETS``.
    offset: str | None = None
    #: What is wrong with them: see ``DEFECTS``.
    defect: str | None = None


@dataclass(frozen=True)
class Case:
    """Parameters, data and calls."""

    task: str = "regression"
    #: The set of parameters that ``parameters`` change: "small" or "mlp".
    base: str = "small"
    parameters: dict[str, Any] = field(default_factory=dict)
    data: Data = Data()
    #: How the estimator is trained first: see ``TRAININGS``.
    training: str = "fit"
    #: What is asked of it then: see ``CHECKS``.
    checks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Scorer:
    """A scorer of one's own, with a ``repr`` that makes it again."""

    kind: str = "error"

    def __call__(self, estimator, X, y):
        if self.kind == "nan":
            return np.nan
        found = estimator.predict(X)
        if self.kind == "proba" and hasattr(estimator, "predict_proba"):
            proba = estimator.predict_proba(X)
            return float(np.mean((proba[0] if isinstance(proba, list) else proba)[:, 0]))
        return -float(np.mean(found != np.asarray(y)))


@dataclass(frozen=True)
class Factors:
    """A schedule of one's own."""

    value: float = 1.0

    def factors(self, position):
        return np.full(position.n_steps, self.value)


def case_of(text: str) -> Case:
    """The case that a line of the journal or of a report describes."""
    import sklearn.model_selection

    import skdnn

    names = {**vars(sklearn.model_selection), **{name: getattr(skdnn, name) for name in _SETTINGS}}
    return eval(text, {**names, **globals(), "inf": np.inf, "nan": np.nan, "array": np.array})


_SETTINGS = (
    "CosLog", "Cosine", "Huber", "OneCycle", "Periodic", "PiecewiseLinear", "Quantile", "Tweedie",
)  # fmt: skip

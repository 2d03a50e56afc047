"""History of a training, as plain data."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any


@dataclass
class History:
    """Curves of a training, one value an epoch.

    Attributes
    ----------
    loss : list of float
        Training loss, penalty included.
    validation_loss, validation_score : list of float
        Empty without validation data.
    learning_rate : list of float
        Of the last step of each epoch.
    seconds : list of float
        Duration of each epoch, validation included.
    n_samples_seen : int
        Rows trained on, repetitions included.
    """

    loss: list[float] = field(default_factory=list)
    validation_loss: list[float] = field(default_factory=list)
    validation_score: list[float] = field(default_factory=list)
    learning_rate: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    n_samples_seen: int = 0

    def __deepcopy__(self, memo: dict[int, Any]) -> History:
        """Numbers need no copies of their own: a stream may have made very many of them."""
        curves: dict[str, Any] = {k: v[:] for k, v in vars(self).items() if isinstance(v, list)}
        return replace(self, **curves)

"""Training history, as plain data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np


@dataclass
class History:
    """Training curves, one value per epoch.

    Attributes
    ----------
    loss : list of float
        Training loss, penalty included.
    validation_loss, validation_score : list of float
        Empty without validation data.
    can_be_best : list of bool
        Whether the weights after each epoch can be those of the best epoch; empty without
        validation data.
    learning_rate : list of float
        Learning rate of the last step of each epoch.
    seconds : list of float
        Duration of each epoch, validation included.
    n_samples_seen : int
        Number of rows trained on so far, over all epochs.
    """

    loss: list[float] = field(default_factory=list)
    validation_loss: list[float] = field(default_factory=list)
    validation_score: list[float] = field(default_factory=list)
    can_be_best: list[bool] = field(default_factory=list)
    learning_rate: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    n_samples_seen: int = 0

    def __deepcopy__(self, memo: dict[int, Any]) -> History:
        """Copy the lists, not the numbers: many calls of ``partial_fit`` make long lists."""
        curves: dict[str, Any] = {k: v[:] for k, v in vars(self).items() if isinstance(v, list)}
        return replace(self, **curves)


def best_epoch(scores: Sequence[float], can_be_best: Sequence[bool]) -> int | None:
    """Index of the epoch with the best score of those that can be the best one.

    Of equally good epochs it is the last one, as in early stopping. If no epoch with a finite score
    can be the best one, all can; None if no score is finite.
    """
    values = np.array(scores, dtype=float)
    is_known = np.isfinite(values)
    is_kept = is_known & np.array(can_be_best, dtype=bool)
    allowed = np.flatnonzero(is_kept if is_kept.any() else is_known)
    best = values[allowed] == values[allowed].max(initial=-np.inf)
    return int(allowed[best][-1]) if allowed.size else None

"""What targets are to a network: how they are encoded, and what its outputs mean."""

from __future__ import annotations

from abc import ABC, abstractmethod
from copy import copy
from typing import Any, NamedTuple

import numpy as np

from skdnn.estimators._data import Data
from skdnn.network.spec import NetworkSpec
from skdnn.training.averages import mean_raw
from skdnn.training.data import Rows


class Outputs(NamedTuple):
    """What a task needs of a network."""

    loss: str
    #: Of the loss: none, or ``per_target`` numbers for each target.
    parameters: tuple[float, ...]
    n_outputs: int
    #: Outputs for each target.
    per_target: int = 1


class Task(ABC):
    """Targets of one kind: what is learned of them, and all that depends on what they are.

    A task is part of a fitted model, and does not change any more then: a fit that goes on works
    on a copy.
    """

    @abstractmethod
    def encode(self, y: np.ndarray, name: str = "y") -> np.ndarray:
        """Targets as numbers.

        Parameters
        ----------
        y : (n_samples,) or (n_samples, n_targets) array
        name : str, default="y"
            Of the argument, in messages.

        Raises
        ------
        ValueError
            If they are not targets of this kind.
        """

    def check_kind(self, y: np.ndarray, name: str) -> None:
        """Raise unless other targets are of the kind that training has seen."""
        return

    @abstractmethod
    def outputs(self, y: np.ndarray) -> Outputs:
        """What the encoded targets of the training rows need of a network."""

    @abstractmethod
    def check(self, spec: NetworkSpec) -> None:
        """Raise unless a network has the outputs that the task needs.

        Raises
        ------
        ValueError
        """

    def fit(self, data: Data) -> None:
        """Learn scales from the targets of a new training."""
        return

    def extend(self, y: np.ndarray) -> None:
        """Learn from more targets, of a training that goes on, what is not known yet."""
        return

    def see_all(self, y: np.ndarray) -> None:
        """Take note of all targets of a fit; there are no others."""
        return

    def class_weights(
        self, y: np.ndarray, weights: np.ndarray | None, *, is_part: bool
    ) -> np.ndarray | None:
        """A weight for each class, by the targets of the training rows or a part of them."""
        return None

    def strata(self, y: np.ndarray) -> np.ndarray | None:
        """What to stratify hold-outs by."""
        return None

    def decode(self, y: np.ndarray) -> np.ndarray:
        """Encoded targets as the user knows them."""
        return y

    @abstractmethod
    def network_targets(self, y: np.ndarray) -> np.ndarray:
        """What the loss compares the outputs with, (n_samples, n_outputs) or class indices."""

    @property
    def is_calibrated(self) -> bool:
        """Whether raw predictions are scaled by held-out rows."""
        return False

    # ---------------------------------------------------------------- predictions

    def mean(self, raw: np.ndarray, link: str) -> np.ndarray:
        """Raw prediction of the members together.

        Parameters
        ----------
        raw : (n_members, n_samples, n_outputs) array
        link : str
            From the raw prediction to the mean of the target.

        Returns
        -------
        raw : (n_samples, n_outputs) array
        """
        return mean_raw(raw, link)

    @abstractmethod
    def predict(self, raw: np.ndarray) -> np.ndarray:
        """Predictions as the user knows targets, from (n_samples, n_outputs) raw ones."""

    @abstractmethod
    def can_score(self, rows: Rows) -> bool:
        """Whether the score tells one epoch from another on validation rows."""

    @abstractmethod
    def score(self, raw: np.ndarray, rows: Rows) -> float:
        """Score of the (n_samples, n_outputs) raw predictions of validation rows."""

    def copy(self) -> Any:
        """A copy for a fit that goes on."""
        return copy(self)

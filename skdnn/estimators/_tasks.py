"""Tasks: the encoding of targets, and the meaning of a network's outputs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from copy import copy
from typing import Any, NamedTuple

import numpy as np

from skdnn.estimators._data import Data
from skdnn.network.spec import NetworkSpec
from skdnn.training.averages import mean_raw
from skdnn.training.data import Rows
from skdnn.training.pooling import Pool


class Outputs(NamedTuple):
    """The loss and the outputs that a task needs."""

    loss: str
    #: Parameters of the loss: none, or ``per_target`` of them for each target.
    parameters: tuple[float, ...]
    n_outputs: int
    #: Outputs for each target.
    per_target: int = 1


class Task(ABC):
    """Base of the kinds of targets: validation, encoding, loss, scoring and prediction.

    A task is part of a fitted model, which does not change: a resumed fit works on a copy.
    """

    @abstractmethod
    def encode(self, y: np.ndarray, name: str = "y") -> np.ndarray:
        """Encode targets as numbers.

        Parameters
        ----------
        y : (n_samples,) or (n_samples, n_targets) array
        name : str, default="y"
            Name of the argument in messages.

        Raises
        ------
        ValueError
            If the targets are not of this kind.
        """

    def check_kind(self, y: np.ndarray, name: str) -> None:
        """Raise unless the targets are of the same kind as in training."""
        return

    @abstractmethod
    def outputs(self, y: np.ndarray) -> Outputs:
        """Loss and outputs for the encoded training targets."""

    @abstractmethod
    def check(self, spec: NetworkSpec) -> None:
        """Raise if a network does not have the outputs of the task.

        Raises
        ------
        ValueError
        """

    def fit(self, data: Data) -> None:
        """Learn the scaling of the targets in a new training."""
        return

    def extend(self, y: np.ndarray) -> None:
        """Extend the scaling by more targets in a resumed training."""
        return

    def see_all(self, y: np.ndarray) -> None:
        """Inspect all targets of a fit, held-out ones included."""
        return

    def class_weights(
        self, y: np.ndarray, weights: np.ndarray | None, pool: Pool, *, is_part: bool
    ) -> np.ndarray | list[np.ndarray] | None:
        """Weight of each class, from the training targets or a part of them.

        The rows are those of one worker of the pool. It is a list of these if there are several
        columns of labels.
        """
        return None

    def strata(self, y: np.ndarray) -> np.ndarray | None:
        """Classes or labels to stratify hold-outs by."""
        return None

    def decode(self, y: np.ndarray) -> np.ndarray:
        """Convert encoded targets back to the user's."""
        return y

    @abstractmethod
    def network_targets(self, y: np.ndarray) -> np.ndarray:
        """Targets of the loss: (n_samples, n_outputs) numbers or class indices."""

    @property
    def is_calibrated(self) -> bool:
        """Whether temperature scaling is applied after training."""
        return False

    # ---------------------------------------------------------------- predictions

    def mean(self, raw: np.ndarray, link: str, weights: np.ndarray | None = None) -> np.ndarray:
        """Raw predictions of the ensemble.

        Parameters
        ----------
        raw : (n_members, n_samples, n_outputs) array
        link : str
            Name of the function from raw prediction to mean of the target.
        weights : (n_members,) array, optional
            Weights of the members; None is the same for all.

        Returns
        -------
        raw : (n_samples, n_outputs) array
        """
        return mean_raw(raw, link, weights)

    @abstractmethod
    def predict(self, raw: np.ndarray) -> np.ndarray:
        """Predictions in the units of the user's targets from (n_samples, n_outputs) raw ones."""

    def conformal_scores(self, y: np.ndarray, raw: np.ndarray) -> np.ndarray | None:
        """Scores for intervals or sets; None if there are neither.

        Parameters
        ----------
        y : (n_samples,) or (n_samples, n_targets) array
            Encoded targets.
        raw : (n_samples, n_outputs) array

        Returns
        -------
        scores : (n_samples, n_columns) array or None
        """
        return None

    @abstractmethod
    def can_score(self, rows: Rows) -> bool:
        """Whether the score is meaningful on the validation rows."""

    @abstractmethod
    def score(self, raw: np.ndarray, rows: Rows) -> float:
        """Score of the (n_samples, n_outputs) raw predictions of validation rows."""

    def copy(self) -> Any:
        """A copy for a resumed fit."""
        return copy(self)

"""Targets of several columns of labels, each with classes of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from skdnn.estimators._labels import ClassLabels, Labels, never_certain
from skdnn.estimators._tasks import Outputs
from skdnn.network.losses import class_loss
from skdnn.network.spec import NetworkSpec
from skdnn.training.averages import mean_raw, softmax_of_columns
from skdnn.training.pooling import Pool


class LabelColumns(Labels):
    """A label in each of several columns: a softmax for each, whose losses are summed.

    Parameters
    ----------
    classes : list of (n_classes,) arrays
        All labels of each column, sorted.
    """

    expected = "a label in each of several columns"
    kind = "columns"
    classes: list[np.ndarray]  # type: ignore[assignment]

    @property
    def sizes(self) -> tuple[int, ...]:
        """Number of classes of each column."""
        return tuple(each.size for each in self.classes)

    @staticmethod
    def found(y: np.ndarray) -> list[np.ndarray]:  # type: ignore[override]
        """Sorted labels of each column."""
        found = [np.unique(column) for column in y.T]
        # Text is as long as that of its column.
        return [np.array(own.tolist()) if own.dtype.kind == "U" else own for own in found]

    def _columns(self) -> list[ClassLabels]:
        """The task of each column."""
        return [ClassLabels(classes, self.loss, None, None) for classes in self.classes]

    def check_kind(self, y: np.ndarray, name: str) -> None:
        """Raise unless there are as many columns; rows may have few of the labels."""
        if y.ndim != 2 or y.shape[1] != len(self.classes) or not isinstance(y, np.ndarray):
            raise ValueError(
                f"{name} must have as many columns as in training: {self.expected}. Got shape "
                f"{y.shape}."
            )

    def check_same(self, y: np.ndarray, name: str) -> None:
        """Raise unless each column has exactly the known labels."""
        for j, task in enumerate(self._columns()):
            task.check_same(y[:, j], f"{name}[:, {j}]")

    def encode(self, y: np.ndarray, name: str = "y") -> np.ndarray:
        """Indices of the classes of each column: (n_samples, n_columns)."""
        self.check_kind(y, name)
        columns = [
            task.encode(y[:, j], f"{name}[:, {j}]") for j, task in enumerate(self._columns())
        ]
        return np.column_stack(columns)

    def outputs(self, y: np.ndarray) -> Outputs:
        """An output for each class of each column."""
        loss = class_loss(self.loss, "softmax of columns")
        # Parameters of an output: label smoothing, which the settings have, and its column.
        column = np.repeat(np.arange(len(self.classes)), self.sizes)
        parameters = np.column_stack([np.zeros(column.size), column]).ravel().tolist()
        return Outputs(loss, tuple(parameters), column.size)

    def check(self, spec: NetworkSpec) -> None:
        """Raise unless a network has an output for each class of each column."""
        if spec.column_sizes != self.sizes:
            raise ValueError(
                f"The network has {spec.column_sizes} outputs, but there are {self.sizes} classes."
            )

    def class_weights(
        self, y: np.ndarray, weights: np.ndarray | None, pool: Pool, *, is_part: bool
    ) -> list[np.ndarray] | None:
        """A weight for each class of each column; those of a row are multiplied."""
        given = self.class_weight
        if given is None:
            return None
        several = isinstance(given, list) and all(isinstance(own, dict) for own in given)
        if given != "balanced" and not (several and len(given) == len(self.classes)):
            raise ValueError(
                f"The class_weight parameter must be 'balanced' or a list of {len(self.classes)} "
                f"dicts for {len(self.classes)} columns of labels. Got {given!r} instead."
            )
        found = []
        for j, task in enumerate(self._columns()):
            task.class_weight = given if isinstance(given, str) else given[j]
            own = task.class_weights(y[:, j], weights, pool, is_part=is_part)
            found.append(np.ones(task.classes.size) if own is None else own)
        return found

    def network_targets(self, y: np.ndarray) -> np.ndarray:
        """1 for the output of each right class, otherwise 0: (n_samples, n_outputs)."""
        return np.hstack([np.eye(n)[y[:, j]] for j, n in enumerate(self.sizes)])

    def strata(self, y: np.ndarray) -> np.ndarray | None:
        """The classes as labels, so that rare ones are distributed over the hold-outs."""
        return self.network_targets(y).astype(np.intp)

    def decode(self, y: np.ndarray) -> np.ndarray:
        """Labels of the classes, (n_samples, n_columns)."""
        return np.column_stack([classes[y[:, j]] for j, classes in enumerate(self.classes)])

    def mean(self, raw: np.ndarray, link: str, weights: np.ndarray | None = None) -> np.ndarray:
        """Raw predictions of the ensemble."""
        return mean_raw(raw, link, weights, self.sizes)

    def split(self, outputs: np.ndarray) -> list[np.ndarray]:
        """What there is for each output, by column: arrays (n_samples, n_classes)."""
        return np.split(outputs, np.cumsum(self.sizes)[:-1], axis=1)

    def class_indices(self, raw: np.ndarray) -> np.ndarray:
        """Index of the most probable class of each column: (n_samples, n_columns)."""
        return np.column_stack([each.argmax(axis=1) for each in self.split(raw)])

    def predict(self, raw: np.ndarray) -> np.ndarray:
        """Labels of the most probable classes, (n_samples, n_columns)."""
        return self.decode(self.class_indices(raw))

    def probabilities(self, raw: np.ndarray) -> list[np.ndarray]:  # type: ignore[override]
        """Probabilities (n_samples, n_classes) of each column."""
        with np.errstate(over="ignore", invalid="ignore"):
            proba = self.split(softmax_of_columns(raw, self.sizes))
        return [p if p.shape[1] == 1 else never_certain(p) for p in proba]

    def decision(self, raw: np.ndarray) -> Sequence[np.ndarray]:  # type: ignore[override]
        """Raw predictions (n_samples, n_classes) of each column."""
        return self.split(raw)

    def is_right(self, raw: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Whether each row has all labels right."""
        indices = np.column_stack([each.argmax(axis=1) for each in self.split(y)])
        return (self.class_indices(raw) == indices).all(axis=1)


def as_classes(classes: Any) -> list[Any] | None:
    """The classes of each column, if they are given as a list of arrays; otherwise None."""
    if not isinstance(classes, list | tuple) or not classes:
        return None
    several = all(isinstance(each, list | tuple) or np.ndim(each) == 1 for each in classes)
    return list(classes) if several else None

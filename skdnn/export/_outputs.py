"""The outputs of a graph, from raw predictions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from skdnn.estimators._labels import CERTAIN
from skdnn.export._network import deviations_of, means_of
from skdnn.export._operators import Operators
from skdnn_light.checks import scalar

TINY = float(np.finfo(np.float64).tiny)


def check_task(document: dict[str, Any]) -> None:
    """Raise if the outputs of a document cannot be exported.

    Raises
    ------
    ValueError
        For several columns of labels.
    """
    if document["task"]["kind"] == "columns":
        raise ValueError(
            "A classifier of several columns of labels cannot be exported: train one for each "
            "column, or use save and skdnn_light."
        )


class ClassOutputs:
    """Label and probabilities of a classifier.

    Parameters
    ----------
    op : Operators
    document : dict
        See ``document_of``.
    raw : Var
        Raw predictions (n_rows, n_outputs) of the ensemble.
    """

    default: tuple[str, ...] = ("label", "probabilities")
    others: tuple[str, ...] = ("raw",)

    def __init__(self, op: Operators, document: dict[str, Any], raw: Any) -> None:
        self.op, self.task, self._raw = op, document["task"], raw
        self.is_multilabel = self.task["kind"] == "labels"
        self.n_outputs = document["network"]["n_outputs"]
        sole = self.task["sole_class"]
        if sole is not None:
            # Nothing was learned about other classes.
            certain = np.full((1, self.n_outputs), -CERTAIN)
            if self.n_outputs > 1 or sole == 1:
                certain[0, sole if self.n_outputs > 1 else 0] = CERTAIN
            self._raw = op.repeated(op.real(certain), raw)

    def raw(self) -> Any:
        """Raw predictions (n_rows, n_outputs)."""
        return self._raw

    def label(self) -> Any:
        """The most probable class, (n_rows,), or 0 and 1 for each label."""
        if self.is_multilabel:
            return self.index()
        return self.op.gather(self.op.const(classes_of(self.task)), self.index())

    def index(self) -> Any:
        """Index of the most probable class, or 0 and 1 for each label."""
        op = self.op
        if not self.is_multilabel and self.n_outputs > 1:
            return op.arg_max(self._raw, axis=1, keepdims=0)
        positive = op.as_type(op.greater(self._raw, op.real(0)), np.int64)
        return positive if self.is_multilabel else op.squeeze(positive, op.whole([1]))

    def probabilities(self) -> Any:
        """Probabilities (n_rows, n_classes), never 0 or 1."""
        op = self.op
        if not self.is_multilabel:
            if len(self.task["classes"]) == 1:
                return op.repeated(op.real([[1]]), self._raw)
            if self.n_outputs > 1:
                return self._uncertain(op.softmax(self._raw, axis=1))
        return self._uncertain(op.sigmoid(self._raw if self.is_multilabel else self.scores()))

    def scores(self) -> Any:
        """Raw predictions with a column for each class."""
        if self.is_multilabel or self.n_outputs > 1:
            return self._raw
        return self.op.side_by_side([self.op.neg(self._raw), self._raw])

    def _uncertain(self, probabilities: Any) -> Any:
        op, precision = self.op, np.finfo(self.op.dtype)
        least, most = op.real(precision.tiny), op.real(1 - precision.epsneg)
        return op.min([op.max([probabilities, least]), most])


class NumberOutputs:
    """Prediction, quantiles and spread of a regressor.

    Parameters
    ----------
    op : Operators
    document, arrays : dict
        See ``document_of``.
    raw : Var
        Raw predictions (n_rows, n_outputs) of the ensemble.
    members : list of Var
        Those of the members.
    weights : list of float
        Of the members.
    """

    default: tuple[str, ...] = ("prediction",)

    def __init__(
        self,
        op: Operators,
        document: dict[str, Any],
        arrays: dict[str, np.ndarray],
        raw: Any,
        members: Sequence[Any],
        weights: Sequence[float],
    ) -> None:
        self.op, self.task, self.arrays, self._raw = op, document["task"], arrays, raw
        self.members, self.weights = members, weights
        self.per_target = document["network"]["outputs_per_target"]
        self.n_targets = document["network"]["n_outputs"] // self.per_target
        self.others: tuple[str, ...] = ("std", "raw")
        if self.task["levels"]:
            self.others = ("quantiles", *self.others)

    def raw(self) -> Any:
        """Raw predictions (n_rows, n_outputs)."""
        return self._raw

    def prediction(self) -> Any:
        """Predictions (n_rows,) or (n_rows, n_targets)."""
        return self._predicted(self._raw)

    def std(self) -> Any:
        """Standard deviation of the members' predictions, or that of the target."""
        op = self.op
        if self.task["link"] == "normal":
            return self._deviation()
        members = [self._predicted(raw) for raw in self.members]
        mean = op.weighted(members, self.weights)
        errors = [op.sub(each, mean) for each in members]
        # Divided by the largest, so that squares neither overflow nor underflow.
        is_scaled = self.task["target_scaling"] is not None
        tiny = op.double(TINY) if is_scaled else op.real(np.finfo(op.dtype).tiny)
        largest = op.max([*(op.abs(each) for each in errors), tiny])
        ratios = [op.div(each, largest) for each in errors]
        squares = [op.mul(each, each) for each in ratios]
        return op.mul(op.sqrt(op.weighted(squares, self.weights)), largest)

    def _deviation(self) -> Any:
        """Standard deviation of the loss "normal"."""
        op = self.op
        deviation = deviations_of(op, self._raw, 2 * self.n_targets)
        if self.task["target_scaling"] is not None:
            scale = op.double(self.arrays["target.scale"].reshape(-1))
            deviation = op.mul(op.as_type(deviation, np.float64), scale)
            huge = op.double(np.finfo(np.float64).max)
            deviation = op.min([op.max([deviation, op.double(TINY)]), huge])
        return self._without_axis(deviation)

    def quantiles(self) -> Any:
        """Increasing quantiles (n_rows, n_levels) or (n_rows, n_targets, n_levels)."""
        quantiles = self._in_units(self._sorted(self._raw), (-1, 1))
        return self._without_axis(quantiles)

    def _predicted(self, raw: Any) -> Any:
        op, levels = self.op, self.task["levels"]
        if self.task["link"] == "exp":
            # Finite, as all predictions are.
            most = np.log(np.finfo(op.dtype).max) - 1
            y = op.exp(op.min([raw, op.real(most)]))
        elif self.task["link"] == "normal":
            y = means_of(op, raw, 2 * self.n_targets)
        elif len(levels) > 1:
            middle = int(np.abs(np.array(levels) - 0.5).argmin())
            y = op.gather(self._sorted(raw), op.whole(middle), axis=2)
        else:
            y = raw
        return self._without_axis(self._in_units(y, (-1,)))

    def _sorted(self, raw: Any) -> Any:
        """Sorted raw predictions (n_rows, n_targets, n_levels)."""
        op, n_levels = self.op, self.per_target
        raw = op.reshape(raw, op.whole([0, self.n_targets, n_levels]))
        return op.top_k(raw, op.whole([n_levels]), axis=-1, largest=0)[0]

    def _in_units(self, y: Any, shape: tuple[int, ...]) -> Any:
        """Numbers in units of the target, in the range of the training."""
        op = self.op
        if self.task["target_scaling"] is None:
            return y
        mean, scale, low, high = (
            op.double(self.arrays[f"target.{name}"].reshape(shape))
            for name in ("mean", "scale", "low", "high")
        )
        y = op.add(op.mul(op.as_type(y, np.float64), scale), mean)
        return op.min([op.max([y, low]), high])

    def _without_axis(self, y: Any) -> Any:
        """Without the axis of the targets if there is one."""
        return self.op.squeeze(y, self.op.whole([1])) if self.n_targets == 1 else y


def classes_of(task: dict[str, Any]) -> np.ndarray:
    """The classes in a dtype of ONNX: text, int64, float64 or bool.

    Raises
    ------
    ValueError
        If they are of several types, or do not fit.
    """
    values = [scalar(value) for value in task["classes"]]
    for kinds, dtype in ((str, np.str_), (bool, np.bool_), (int, np.int64), (float, np.float64)):
        if all(type(value) is kinds for value in values):
            try:
                return np.array(values, dtype=dtype)
            except OverflowError as error:
                raise ValueError(f"Classes must be in the range of int64: {error}.") from error
    raise ValueError(
        f"Classes of several types cannot be exported: {values}. An output of an ONNX graph has "
        "one type: text, int, float or bool."
    )

"""Targets that are class labels, or several labels for each row."""

from __future__ import annotations

from abc import abstractmethod
from numbers import Real
from typing import Any

import numpy as np
from scipy.sparse import issparse
from scipy.special import expit, softmax
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets, type_of_target

from skdnn._sklearn import InvalidParameterError
from skdnn.estimators._tasks import Outputs, Task
from skdnn.network.losses import class_loss
from skdnn.network.spec import NetworkSpec
from skdnn.training.data import Rows
from skdnn.training.pooling import ALONE, Pool
from skdnn_light.conformal import Scores, class_scores, class_set

#: Log-odds whose probability is 1 in either dtype.
CERTAIN = 100.0
#: With fewer held-out rows accuracy has too few values to compare epochs: of many that are equally
#: good the last one, which overfits most, would be kept.
FEW_ROWS = 5


def kind_of(y: np.ndarray, name: str) -> str:
    """Kind of targets: "class", one for each row, "labels", an indicator matrix, or "columns".

    Raises
    ------
    ValueError
        If the targets are none of these.
    """
    # Labels may be larger than any integer of NumPy.
    with np.errstate(invalid="ignore"):
        kind = type_of_target(y, input_name=name)
        if kind not in ("binary", "multilabel-indicator"):
            check_classification_targets(y)
    return {"multilabel-indicator": "labels", "multiclass-multioutput": "columns"}.get(
        kind, "class"
    )


class Labels(Task):
    """Base of the tasks of a classifier.

    Parameters
    ----------
    classes : (n_classes,) array
        All labels there are, sorted.
    loss : str
        Value of the parameter of the classifier, like the following ones.
    class_weight : dict, "balanced" or None
    calibration : "temperature" or None
    """

    #: Description of the targets in messages.
    expected: str
    #: See ``kind_of``.
    kind: str

    def __init__(
        self,
        classes: np.ndarray,
        loss: str,
        class_weight: Any,
        calibration: str | None,
    ) -> None:
        self.classes = classes
        self.loss = loss
        self.class_weight = class_weight
        self.calibration = calibration

    @staticmethod
    @abstractmethod
    def found(y: np.ndarray) -> np.ndarray:
        """Sorted labels of the targets."""

    def check_labels(self, labels: np.ndarray, name: str) -> None:
        """Raise if there are unknown labels.

        Raises
        ------
        ValueError
        """
        if set(labels) - set(self.classes):
            raise ValueError(
                f"`{name}` has classes not in `self.classes_`. `self.classes_` has {self.classes}. "
                f"'{name}' has {labels}{self._hint(labels)}"
            )

    def check_same(self, y: np.ndarray, name: str) -> None:
        """Raise unless the targets have exactly the known labels.

        Raises
        ------
        ValueError
        """
        labels = self.found(y)
        if set(labels) != set(self.classes):
            raise ValueError(
                f"warm_start can only be used where `{name}` has the same classes as in the "
                f"previous call to fit. Previously got {self.classes}, `{name}` has "
                f"{labels}{self._hint(labels)}"
            )

    def _hint(self, labels: np.ndarray) -> str:
        unknown = set(labels) - set(self.classes)
        if unknown and set(map(str, unknown)) <= set(map(str, self.classes)):
            types = (type(each[0]).__name__ for each in (labels, self.classes))
            return ": the same labels, of type {} instead of {}. Convert them.".format(*types)
        return "."

    def check_kind(self, y: np.ndarray, name: str) -> None:
        """Raise if the targets are not of this kind."""
        if kind_of(y, name) != self.kind:
            raise ValueError(
                f"{name} must have as many columns as in training: {self.expected}. Got shape "
                f"{y.shape}."
            )

    def network_targets(self, y: np.ndarray) -> np.ndarray:
        """0 and 1 of each logistic output, or indices of classes."""
        return y

    @property
    def is_calibrated(self) -> bool:
        """Whether temperature scaling is applied after training."""
        return self.calibration is not None

    @abstractmethod
    def probabilities(self, raw: np.ndarray) -> np.ndarray:
        """Probabilities (n_samples, n_classes) from raw predictions."""

    def decision(self, raw: np.ndarray) -> np.ndarray:
        """Raw predictions as ``decision_function`` returns them."""
        return raw[:, 0] if raw.shape[1] == 1 else raw

    def can_score(self, rows: Rows) -> bool:
        """Whether there are enough rows, or at least two rows of equal weight."""
        weights = rows.weights.astype(np.float64)
        # Effective sample size (Kish 1965, Survey sampling).
        effective = weights.sum() ** 2 / (weights**2).sum()
        # The user has chosen the number of rows of equal weight; a single one is not enough.
        are_equal = weights.size > 1 and (weights == weights[0]).all()
        return bool(effective >= FEW_ROWS or are_equal)

    @abstractmethod
    def is_right(self, raw: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Whether the prediction of each row is right: (n_samples,) bool."""

    def score(self, raw: np.ndarray, rows: Rows) -> float:
        """Accuracy."""
        return float(np.average(self.is_right(raw, rows.y), weights=rows.weights))


class ClassLabels(Labels):
    """One label for each row."""

    expected = "one label for each row"
    kind = "class"
    #: Index of the class if the training rows have a single one; it is always predicted.
    sole_class: int | None = None

    def __init__(self, classes: np.ndarray, *parameters: Any) -> None:
        super().__init__(classes, *parameters)
        if classes.size == 1:
            self.sole_class = 0

    @staticmethod
    def found(y: np.ndarray) -> np.ndarray:
        """The labels in targets, sorted."""
        return np.unique(y)

    def encode(self, y: np.ndarray, name: str = "y") -> np.ndarray:
        """Indices of the classes."""
        labels, index = np.unique(y, return_inverse=True)
        self.check_labels(labels, name)
        position = {label: i for i, label in enumerate(self.classes)}
        return np.array([position[label] for label in labels])[index]

    def outputs(self, y: np.ndarray) -> Outputs:
        """One logistic output for two classes, otherwise one for each."""
        # With a single class the output learns the negative class of two.
        if self.classes.size <= 2:
            return Outputs(class_loss(self.loss, "logistic"), (), 1)
        return Outputs(class_loss(self.loss, "softmax"), (), self.classes.size)

    def check(self, spec: NetworkSpec) -> None:
        """Raise unless a network has an output for each class, or one for two."""
        n_expected = 1 if self.classes.size <= 2 else self.classes.size
        if spec.n_out != n_expected:
            raise ValueError(
                f"The network has {spec.n_out} outputs, but {self.classes.size} classes need "
                f"{n_expected}."
            )

    def see_all(self, y: np.ndarray) -> None:
        """Note the class if it is the only one."""
        present = np.unique(y)
        self.sole_class = int(present[0]) if present.size == 1 else None

    def class_weights(
        self, y: np.ndarray, weights: np.ndarray | None, pool: Pool, *, is_part: bool
    ) -> np.ndarray | None:
        """A weight for each class, by ``class_weight``."""
        if self.class_weight is None:
            return None
        if isinstance(self.class_weight, list):
            raise InvalidParameterError(
                "The 'class_weight' parameter of DNNClassifier may be a list of dicts only for "
                f"several columns of labels. Got {self.class_weight!r} instead."
            )
        if self.class_weight == "balanced":
            if is_part:
                raise ValueError(
                    "class_weight='balanced' needs all data at once and is not supported by "
                    "partial_fit: give the weights as a dict."
                )
            per_class = balanced_class_weights(y, weights, self.classes.size, pool)
        elif all(isinstance(weight, Real) for weight in self.class_weight.values()):
            per_class = compute_class_weight(
                self.class_weight, classes=self.classes, y=self.classes
            )
        else:
            raise self._invalid_class_weight()
        # Of the rows of any worker.
        counts = is_part or not pool.agree(not per_class[y].any())
        if not (np.isfinite(per_class).all() and (per_class >= 0).all() and counts):
            raise self._invalid_class_weight()
        return per_class

    def _invalid_class_weight(self) -> ValueError:
        return ValueError(
            "The weights in the class_weight parameter must be finite, not negative and not all "
            f"zero. Got {self.class_weight!r} instead."
        )

    def strata(self, y: np.ndarray) -> np.ndarray | None:
        """The classes."""
        if self.classes.size == 1:
            return None
        # The same names as in the error of scikit-learn's MLP.
        return y.astype(bool).astype(str) if self.classes.size == 2 else y

    def decode(self, y: np.ndarray) -> np.ndarray:
        """Labels of the classes."""
        return self.classes[y]

    def mean(self, raw: np.ndarray, link: str, weights: np.ndarray | None = None) -> np.ndarray:
        """Raw predictions of the ensemble; certain if there is a single class."""
        raw = super().mean(raw, link, weights)
        if self.sole_class is not None:
            # Nothing was learned about other classes.
            raw[...] = -CERTAIN
            if raw.shape[1] > 1:
                raw[:, self.sole_class] = CERTAIN
            elif self.sole_class == 1:
                raw[...] = CERTAIN
        return raw

    def class_index(self, raw: np.ndarray) -> np.ndarray:
        """Index of the most probable class."""
        if raw.shape[1] > 1:
            return raw.argmax(axis=1)
        return (raw[:, 0] > 0).astype(np.intp)

    def predict(self, raw: np.ndarray) -> np.ndarray:
        """Labels of the most probable classes."""
        return self.classes[self.class_index(raw)]

    def probabilities(self, raw: np.ndarray) -> np.ndarray:
        """Probabilities (n_samples, n_classes) from raw predictions."""
        if self.classes.size == 1:
            return np.ones_like(raw)
        if raw.shape[1] == 1:
            return never_certain(expit(np.hstack([-raw, raw])))
        # The difference of two may be infinite: one probability is then 1.
        with np.errstate(over="ignore", invalid="ignore"):
            return never_certain(softmax(raw, axis=1))

    def conformal_scores(self, y: np.ndarray, raw: np.ndarray) -> np.ndarray:
        """Sum of the probabilities of the classes that are more probable than the right one."""
        return np.take_along_axis(class_scores(self.probabilities(raw)), y[:, None], axis=1)

    def class_set(self, raw: np.ndarray, scores: Scores, coverage: float) -> np.ndarray:
        """Whether each class is in the set of a row: (n_samples, n_classes)."""
        return class_set(self.probabilities(raw), scores, coverage)

    def is_right(self, raw: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Whether each row is predicted right."""
        return self.class_index(raw) == y[:, 0]


class LabelIndicators(Labels):
    """Several labels for each row, as a matrix of 0 and 1."""

    expected = "a multilabel indicator matrix"
    kind = "labels"

    @staticmethod
    def found(y: np.ndarray) -> np.ndarray:
        """Indices of the columns."""
        return np.arange(y.shape[1])

    def encode(self, y: np.ndarray, name: str = "y") -> np.ndarray:
        """A dense matrix of 0 and 1."""
        dense: Any = y.toarray() if issparse(y) else y  # type: ignore[attr-defined]
        self.check_labels(self.found(y), name)
        return (dense != 0).astype(np.intp)

    def outputs(self, y: np.ndarray) -> Outputs:
        """One logistic output for each label."""
        return Outputs(class_loss(self.loss, "logistic"), (), y.shape[1])

    def check(self, spec: NetworkSpec) -> None:
        """Raise unless a network has an output for each label."""
        if spec.n_out != self.classes.size:
            raise ValueError(
                f"The network has {spec.n_out} outputs, but there are {self.classes.size} labels."
            )

    def class_weights(
        self, y: np.ndarray, weights: np.ndarray | None, pool: Pool, *, is_part: bool
    ) -> np.ndarray | None:
        """None: rows have no single class that could have a weight."""
        if self.class_weight is not None:
            raise ValueError(
                "The class_weight parameter must be None for multilabel targets, whose rows have "
                f"no single class. Got {self.class_weight!r} instead."
            )
        return None

    def strata(self, y: np.ndarray) -> np.ndarray | None:
        """The labels."""
        return y

    def predict(self, raw: np.ndarray) -> np.ndarray:
        """A matrix of 0 and 1."""
        return (raw > 0).astype(int)

    def probabilities(self, raw: np.ndarray) -> np.ndarray:
        """Probability of each label."""
        return never_certain(expit(raw))

    def is_right(self, raw: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Whether each row has all labels right."""
        return ((raw > 0) == y).all(axis=1)


def balanced_class_weights(
    index: np.ndarray, weights: np.ndarray | None, n_classes: int, pool: Pool = ALONE
) -> np.ndarray:
    """Class weights that give all present classes the same total weight.

    Parameters
    ----------
    index : (n_samples,) int array
        Class of each row.
    weights : (n_samples,) array or None
    n_classes : int
    pool : Pool
        Adds up the rows of several workers.

    Returns
    -------
    class_weights : (n_classes,) array
        0 for a class without rows of positive weight.
    """
    relative = None
    if weights is not None:
        # The sum of large weights might be infinite.
        relative = weights / pool.greatest(np.array([weights.max()]))[0]
    mass = pool.total(np.bincount(index, relative, minlength=n_classes).astype(np.float64))
    with np.errstate(divide="ignore"):
        class_weights = mass.sum() / (np.count_nonzero(mass) * mass)
    class_weights[mass == 0] = 0
    return class_weights


def never_certain(proba: np.ndarray) -> np.ndarray:
    """Probabilities clipped to the open interval (0, 1), so that no log-loss is infinite."""
    precision = np.finfo(proba.dtype)
    return np.clip(proba, precision.tiny, 1 - precision.epsneg)

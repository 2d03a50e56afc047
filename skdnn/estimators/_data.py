"""Training rows and held-out rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple
from zlib import crc32

import numpy as np

from skdnn._sklearn import safe_indexing
from skdnn.estimators._validation import split_indices
from skdnn.training.data import Rows
from skdnn.training.data_driven import N_ROWS
from skdnn.training.stacking import Judges

if TYPE_CHECKING:
    from skdnn.estimators._tasks import Task

#: With fewer members than this each has a hold-out of its own, since rows that all hold out are
#: lost. Otherwise up to so many share a hold-out, and there are two at least.
SHARING_MEMBERS = 4


def n_holdouts(n_members: int) -> int:
    """Number of different hold-outs: member ``i`` has the one with index ``i`` modulo it."""
    if n_members < SHARING_MEMBERS:
        return n_members
    return max(2, -(-n_members // SHARING_MEMBERS))


class Data(NamedTuple):
    """Rows of X with targets as numbers and with weights."""

    X: Any
    y: np.ndarray
    weights: np.ndarray | None
    #: Indices of the selected rows of X; None for all. X itself is not copied.
    rows: np.ndarray | None = None

    def take(self, index: np.ndarray) -> Data:
        weights = None if self.weights is None else self.weights[index]
        rows = index if self.rows is None else self.rows[index]
        return Data(self.X, self.y[index], weights, rows)

    def in_order(self) -> Data:
        """The same rows in the order of X."""
        return self if self.rows is None else self.take(np.argsort(self.rows))

    def drop_zero_weights(self) -> Data:
        """The rows of positive weight: a weight of 0 is the same as no row."""
        if self.weights is None or self.weights.all():
            return self
        return self.take(np.flatnonzero(self.weights))


def few_rows(data: Data, seed: int, n_rows: int = 4 * N_ROWS) -> Data:
    """Data with a random part of the rows, which are copied: enough for initial values."""
    index = np.arange(data.y.shape[0])
    if index.size > n_rows:
        index = np.random.RandomState(seed).permutation(index)[:n_rows]
    part = data.take(index)
    return Data(safe_indexing(data.X, part.rows), part.y, part.weights)


def relative(weights: np.ndarray) -> np.ndarray:
    """Weights scaled so that sums do not overflow, by a power of two, which is exact."""
    return np.ldexp(weights, -np.frexp(weights.max())[1])


class Split(NamedTuple):
    """Rows to train members on, and rows to validate them with."""

    training: Data
    held_out: Data | None

    def in_order(self) -> Split:
        """The same rows in the order of X."""
        return Split(self.training.in_order(), self.held_out and self.held_out.in_order())


def members_of(splits: list[Split], i: int) -> slice:
    """The members that use split i: all of them if there is a single split."""
    return slice(None) if len(splits) == 1 else slice(i, i + 1)


def judges_of(splits: list[Split], held_out: list[list[Rows]]) -> list[Judges]:
    """The members that share held-out rows, with these rows as inputs of each of them.

    Empty if a single split is that of all members. Rows that the user has given do not weigh
    members, so that ``best_validation_score_`` is the score of the model on these.
    """
    if len(splits) == 1:
        return []
    found: dict[int, Judges] = {}
    for member, [rows] in enumerate(held_out):
        judges = found.setdefault(id(splits[member].held_out), Judges([], []))
        judges.members.append(member)
        judges.rows.append(rows)
    return list(found.values())


def digests_of(splits: list[Split]) -> tuple[int, ...]:
    """A digest of the held-out rows of each split: scores on different rows are not comparable."""
    held_out = [split.held_out for split in splits]
    return tuple(0 if data is None else crc32(data.y.tobytes()) for data in held_out)


def apply_class_weight(
    data: Data, per_class: np.ndarray | list[np.ndarray] | None, class_weight: Any
) -> Data:
    """Data with the weights of the classes multiplied in; of several columns all of them."""
    y, weights = data.y, data.weights
    if per_class is None:
        return data
    with np.errstate(over="ignore"):
        if isinstance(per_class, list):
            of_rows = np.prod([own[y[:, j]] for j, own in enumerate(per_class)], axis=0)
        else:
            of_rows = per_class[y]
        combined = of_rows if weights is None else of_rows * weights
    if not combined.any() or not np.isfinite(combined).all():
        raise ValueError(
            f"Sample weights times class_weight={class_weight!r} must be finite and not all zero."
        )
    return data._replace(weights=combined)


def split_data(
    estimator: Any, task: Task, whole: Data, groups: np.ndarray | None, seed: int
) -> list[Split]:
    """Training and held-out rows of each member.

    Members that share a hold-out are compared on the same rows, which gives their weights.

    A splitter gets all rows of the user; a fraction is drawn from the rows of positive weight.
    """
    known, n_members = whole, estimator.n_members
    n_splits = n_members
    if not hasattr(estimator.validation_fraction, "split"):
        known = whole.drop_zero_weights()
        groups = groups if groups is None or known.rows is None else groups[known.rows]
        n_splits = n_holdouts(n_members)
    drawn = split_indices(
        estimator, known.X, task.decode(known.y), task.strata(known.y), groups, seed, n_splits
    )
    # A splitter with few splits repeats them.
    splits = {id(indices): _split(estimator, known, indices) for indices in drawn}
    return [splits[id(drawn[i % n_splits])] for i in range(n_members)]


def _split(estimator: Any, known: Data, indices: tuple[np.ndarray, np.ndarray]) -> Split:
    training, held_out = (known.take(index).drop_zero_weights() for index in indices)
    for rows, purpose in ((training, "train on"), (held_out, "validate with")):
        if not rows.y.shape[0]:
            raise ValueError(
                f"validation_fraction={estimator.validation_fraction!r} leaves no row to "
                f"{purpose} that has a weight above 0."
            )
    return Split(training, held_out)

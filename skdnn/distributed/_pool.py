"""Sums over the rows of all workers of a group."""

from __future__ import annotations

import numpy as np

from skdnn.distributed._group import Group, gather
from skdnn.training.data import Rows
from skdnn.training.pooling import Pool


class GroupPool(Pool):
    """Adds up over the workers of a group.

    Parameters
    ----------
    group : Group
    """

    #: Factor of sample weights, so that their sums do not overflow.
    unit = 1.0

    def __init__(self, group: Group) -> None:
        self.group = group

    def count(self, number: int) -> int:
        return int(self.total(np.array([number], np.float64))[0])

    def total(self, values: np.ndarray) -> np.ndarray:
        return self.group.allreduce(values)

    def greatest(self, values: np.ndarray) -> np.ndarray:
        return np.max(gather(self.group, values[None]), axis=(0, 1))

    def mean(self, value: float, rows: Rows) -> float:
        return float(self.means(np.array([value]), np.array([self.weight(rows)]))[0])

    def means(self, values: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Weighted means of the (n_values,) values of each worker, with its (n_values,) weights."""
        with np.errstate(over="ignore", invalid="ignore"):
            sums, total = self.total(np.array([values * weights, weights]))
            return sums / total

    def weight(self, rows: Rows) -> float:
        """Sum of the weights of the rows of this worker."""
        return float(rows.weights.sum(dtype=np.float64)) * self.scale(rows)

    def scale(self, rows: Rows) -> float:
        return rows.weight_scale * self.unit

    def agree(self, flag: bool) -> bool:
        return self.count(not flag) == 0

    def gather(self, array: np.ndarray) -> np.ndarray:
        return np.concatenate(gather(self.group, array.astype(np.float64)))

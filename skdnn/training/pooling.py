"""Sums over all rows of a training, which several workers may share."""

from __future__ import annotations

import numpy as np

from skdnn.training.data import Rows


class Pool:
    """All rows are those of this process: sums and means are known already.

    A subclass adds up those of several workers, which call its methods in the same order.
    """

    def count(self, number: int) -> int:
        """Sum of a number of each worker."""
        return number

    def total(self, values: np.ndarray) -> np.ndarray:
        """Sum of the (n_values,) float64 values of each worker."""
        return values

    def greatest(self, values: np.ndarray) -> np.ndarray:
        """Greatest of the (n_values,) float64 values of each worker."""
        return values

    def mean(self, value: float, rows: Rows) -> float:
        """Mean over all rows, from the mean over the rows of each worker."""
        return value

    def effective_rows(self, rows: Rows) -> float:
        """Effective sample size (Kish 1965, Survey sampling)."""
        weights = rows.weights.astype(np.float64)
        scale = self.scale(rows)
        sums = np.array([weights.sum() * scale, (weights**2).sum() * scale**2])
        total, squares = self.total(sums)
        return float(total**2 / squares)

    def scale(self, rows: Rows) -> float:
        """Factor of the weights of these rows that makes those of all workers comparable."""
        return 1.0

    def agree(self, flag: bool) -> bool:
        """Whether it is true for all workers."""
        return flag

    def gather(self, array: np.ndarray) -> np.ndarray:
        """The (n_rows, ...) arrays of all workers, one after the other."""
        return array


#: The pool of a process that has all rows.
ALONE = Pool()

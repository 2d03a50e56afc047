"""The rows of a worker, of several partitions that are read one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from skdnn._sklearn import safe_indexing
from skdnn.distributed._storage import Storage


class Partitions:
    """X of several partitions, in place of a table or an array.

    Parameters
    ----------
    readers : sequence of callables
        Each returns X of a partition.
    n_rows : int
        Of all partitions.
    storage : Storage
        For their encoded rows.
    """

    def __init__(self, readers: Sequence[Callable[[], Any]], n_rows: int, storage: Storage) -> None:
        self.readers, self.n_rows, self.storage = readers, n_rows, storage
        #: Of all columns, if X are arrays.
        self.dtype: Any = None

    def __iter__(self) -> Iterator[Any]:
        """X of each partition that has rows.

        Raises
        ------
        ValueError
            If there are not as many rows as targets.
        """
        n_rows = 0
        for read in self.readers:
            X = read()
            n_rows += X.shape[0]
            self._check(n_rows, is_end=False)
            if X.shape[0]:
                yield X
            del X  # before the next one is made
        self._check(n_rows, is_end=True)

    def take(self, rows: np.ndarray) -> Iterator[Any]:
        """X of some rows of each partition.

        Parameters
        ----------
        rows : (n,) int array, ascending
            Indices among the rows of all partitions.
        """
        first = 0
        for X in self:
            begin, end = np.searchsorted(rows, [first, first + X.shape[0]])
            yield safe_indexing(X, rows[begin:end] - first)
            first += X.shape[0]

    def _check(self, n_rows: int, *, is_end: bool) -> None:
        if n_rows > self.n_rows or (is_end and n_rows < self.n_rows):
            raise ValueError(
                f"X has {n_rows} rows, but y has {self.n_rows}. Partitions that are not in memory "
                "are read several times, and must have the same rows each time."
            )

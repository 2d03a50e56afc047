"""The rows of a worker, of several partitions that are read one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from skdnn.distributed._collections import Part, Recipe, concatenated, part_of
from skdnn.distributed._storage import Storage


class Partitions:
    """X of several partitions, in place of a table or an array.

    Parameters
    ----------
    sources : sequence of Part or Recipe
        One at least.
    n_rows : int
        Of all partitions.
    storage : Storage
        For their encoded rows.
    """

    def __init__(self, sources: Sequence[Part | Recipe], n_rows: int, storage: Storage) -> None:
        self.sources, self.n_rows, self.storage = sources, n_rows, storage
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
        for source in self.sources:
            X = part_of(source).X
            n_rows += X.shape[0]
            self._check(n_rows, is_end=False)
            if X.shape[0]:
                yield X
            del X  # before the next one is made
        self._check(n_rows, is_end=True)

    def _check(self, n_rows: int, *, is_end: bool) -> None:
        if n_rows > self.n_rows or (is_end and n_rows < self.n_rows):
            raise ValueError(
                f"X has {n_rows} rows, but y has {self.n_rows}. Partitions that are not in memory "
                "are read several times, and must have the same rows each time."
            )

    def whole(self) -> Any:
        """All rows in memory."""
        return concatenated(list(self))


def partitions_of(sources: Sequence[Part | Recipe], storage: Storage) -> Part:
    """The rows of several partitions, with ``Partitions`` as X; targets and weights in memory."""
    targets = [
        each.targets() if isinstance(each, Recipe) else each._replace(X=None) for each in sources
    ]
    y, weights = (concatenated(each) for each in list(zip(*targets, strict=True))[1:])
    return Part(Partitions(sources, y.shape[0], storage), y, weights)

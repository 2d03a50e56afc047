"""Dask collections as parts: the same rows of X, y and weights, a partition at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import dask
import dask.array as da
import dask.dataframe as dd
import numpy as np
from dask.delayed import Delayed
from dask.optimization import cull
from scipy.sparse import issparse, vstack

from skdnn.distributed._partitions import Partitions
from skdnn.distributed._storage import Storage


class Part(NamedTuple):
    """Rows of one partition, in memory; or, until they are, what is delayed."""

    X: Any
    y: Any
    weights: Any


class Recipe:
    """A partition that is computed whenever it is asked for, by the thread that asks.

    Parameters
    ----------
    part : Part
        Delayed.
    """

    def __init__(self, part: Part) -> None:
        self.keys = [None if each is None else each.key for each in part]
        self.graph: dict = {}
        for each in part:
            if each is not None:
                self.graph.update(cull(dict(each.dask), [each.key])[0])

    def part(self) -> Part:
        """All rows."""
        return self._computed(0)

    def targets(self) -> Part:
        """The rows without X, which may take much less time."""
        return self._computed(1)

    def _computed(self, first: int) -> Part:
        keys = [key for key in self.keys[first:] if key is not None]
        found = iter(dask.get(cull(self.graph, keys)[0], keys))
        wanted = [None] * first + self.keys[first:]
        return Part(*(None if key is None else next(found) for key in wanted))


def part_of(source: Part | Recipe) -> Part:
    """A partition in memory."""
    return source.part() if isinstance(source, Recipe) else source


def is_lazy(data: Any) -> bool:
    """Whether data are a Dask collection."""
    return dask.is_dask_collection(data)


def is_frame(data: Any) -> bool:
    """Whether data are a Dask data frame or a column of one."""
    return isinstance(data, dd.DataFrame | dd.Series)


def by_rows(data: Any, name: str) -> Any:
    """A Dask collection whose partitions have all columns.

    Raises
    ------
    TypeError
        If it is neither a Dask data frame, nor a Dask series, nor a Dask array.
    ValueError
        If X does not have two dimensions, or others have neither one nor two.
    """
    if is_frame(data) and not (name.startswith("X") and isinstance(data, dd.Series)):
        return data
    if not isinstance(data, da.Array):
        raise TypeError(
            f"{name} is of type {type(data).__name__}, but beside Dask collections all must be "
            "Dask data frames or arrays with the same partitions. Make one of it with "
            "dask.dataframe.from_pandas or dask.array.from_array."
        )
    if data.ndim not in ((2,) if name.startswith("X") else (1, 2)):
        raise ValueError(f"{name} has {data.ndim} dimensions, but rows have 2, targets 1 or 2.")
    if data.ndim == 2 and data.numblocks[1] > 1:
        return data.rechunk({1: -1})
    return data


def parts_of(X: Any, y: Any, weights: Any, names: Sequence[str]) -> list[Part]:
    """A ``Part`` for each partition, of what is delayed.

    Parameters
    ----------
    X, y : Dask collections
    weights : Dask collection or None
    names : sequence of three str
        In messages.

    Raises
    ------
    TypeError, ValueError
        If a collection is of the wrong kind, or if their partitions differ.
    """
    given = [(name, by_rows(data, name)) for name, data in zip(names, (X, y, weights), strict=True)
             if data is not None]  # fmt: skip
    for name, data in given[1:]:
        _check_aligned(given[0], (name, data))
    pieces = [_delayed_partitions(data) for _, data in given]
    if weights is None:
        pieces.append([None] * len(pieces[0]))
    return [Part(*each) for each in zip(*pieces, strict=True)]


def _delayed_partitions(data: Any) -> list[Delayed]:
    if is_frame(data):
        # Read only the columns in use; further optimization may join partitions.
        return list(data.simplify().to_delayed(optimize_graph=False))
    # Optimized alone, tasks that X and y share would be others of the same name.
    return data.to_delayed(optimize_graph=False).ravel().tolist()


def _n_partitions(data: Any) -> int:
    return data.npartitions if is_frame(data) else data.numblocks[0]


def _check_aligned(first: tuple[str, Any], second: tuple[str, Any]) -> None:
    """Raise if it is known that the partitions of two collections have different rows."""
    (name, data), (other_name, other) = first, second
    counts = _n_partitions(data), _n_partitions(other)
    remedy = f"Make {other_name} from the same collection as {name}, or repartition it."
    if counts[0] != counts[1]:
        raise ValueError(
            f"{name} has {counts[0]} partitions, but {other_name} has {counts[1]}. {remedy}"
        )
    if is_frame(data) and is_frame(other):
        if data.known_divisions and other.known_divisions and data.divisions != other.divisions:
            raise ValueError(
                f"The partitions of {name} and {other_name} have different divisions: "
                f"{data.divisions} and {other.divisions}. {remedy}"
            )
    elif not is_frame(data) and not is_frame(other):
        sizes, others = np.array(data.chunks[0], float), np.array(other.chunks[0], float)
        if (np.abs(sizes - others) > 0).any():  # unknown sizes are NaN
            raise ValueError(
                f"The chunks of {name} and {other_name} have different numbers of rows: "
                f"{data.chunks[0]} and {other.chunks[0]}. {remedy}"
            )


def concatenated(pieces: Sequence[Any]) -> Any:
    """The rows of several partitions; a single one is not copied."""
    if len(pieces) == 1 or pieces[0] is None:
        return pieces[0]
    if issparse(pieces[0]):
        return vstack(pieces, format="csr")
    if hasattr(pieces[0], "iloc"):
        # Columns of categories get those of all partitions.
        return dd.methods.concat(list(pieces))
    return np.concatenate(pieces)


def joined(parts: Sequence[Part]) -> Part:
    """The rows of several parts as one."""
    return Part(*(concatenated(pieces) for pieces in zip(*parts, strict=True)))


def partitions_of(sources: Sequence[Part | Recipe], storage: Storage) -> Part:
    """The rows of several parts, with ``Partitions`` as X; targets and weights in memory."""
    targets = [
        each.targets() if isinstance(each, Recipe) else each._replace(X=None) for each in sources
    ]
    y, weights = (concatenated(each) for each in list(zip(*targets, strict=True))[1:])
    readers = [lambda source=source: part_of(source).X for source in sources]
    return Part(Partitions(readers, y.shape[0], storage), y, weights)

"""The partitions of Dask collections on the workers: who trains on what, and its statistics."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from dask.delayed import Delayed, delayed
from distributed import Client, Future, futures_of, wait

from skdnn._warnings import warn
from skdnn.distributed import _remote, _statistics
from skdnn.distributed._collections import Part, Recipe

#: A worker with fewer rows than this gives them to another one.
LEAST_ROWS = 10
#: Names of the tasks that wait for all workers in the shuffles of Dask ("p2p").
BARRIER = "shuffle-barrier-"
#: Partitions are not computed separately if this repeats each task more often in the mean.
MOST_REPEATS = 4
#: Warnings of shares of the rows that are below or above these multiples of their mean.
LEAST_SHARE, LARGEST_SHARE = 0.05, 3.0


class LostError(Exception):
    """Workers were lost during the training.

    Attributes
    ----------
    addresses : set of str
    reason : str
    """

    def __init__(self, addresses: set[str], reason: str) -> None:
        super().__init__(addresses, reason)
        self.addresses, self.reason = addresses, reason


@dataclass
class Piece:
    """A partition in the memory of a worker, or how to compute it there."""

    future: Future
    description: _statistics.Description
    #: The worker that is to read it; None of a partition in memory.
    address: str | None


@dataclass
class Shard:
    """What a worker trains on."""

    address: str
    pieces: list[Piece] = field(default_factory=list)
    held_out: list[Future] = field(default_factory=list)

    @property
    def n_rows(self) -> int:
        return sum(piece.description.n_counted for piece in self.pieces)

    @property
    def n_bytes(self) -> int:
        return sum(piece.description.n_bytes for piece in self.pieces)


def known_workers(client: Client) -> set[str]:
    """Addresses of the workers that the scheduler knows."""
    return set(client.nthreads())


def in_memory(client: Client, parts: Sequence[Part]) -> list[Future]:
    """The parts as futures that are done; raises the error of the first that cannot be computed."""
    if parts and not isinstance(parts[0].X, Delayed):
        return client.scatter(list(parts), hash=False)  # in memory already
    make = delayed(Part, pure=False)
    return done(client, client.compute([make(*part) for part in parts]))


def sources_of(client: Client, parts: Sequence[Part]) -> list[tuple[Future, str | None]]:
    """What to train on: futures of parts in memory; of recipes, with the worker to read each.

    Data that the user has persisted stay where they are, and those that are sent from worker to
    worker by a shuffle stay where it brings them. Others are not kept, so that they may be more
    than the memory of all workers: these read the same number of partitions each. But if each
    partition needs all others, as with their mean, these would be read again for each of them.
    """
    pieces = [each for part in parts for each in part if each is not None]
    graphs = {id(each.dask): each.dask for each in pieces}  # they may share a large one
    if any(map(futures_of, pieces)) or any(map(_is_shuffled, graphs.values())):
        return [(future, None) for future in in_memory(client, parts)]
    addresses = sorted(known_workers(client))
    recipes = _separate(parts)
    if not addresses or recipes is None:
        return [(future, None) for future in in_memory(client, parts)]  # may wait for a worker
    readers = [addresses[i % len(addresses)] for i in range(len(recipes))]
    return [
        (
            client.submit(
                _remote.kept, recipe, workers=[address], allow_other_workers=True, pure=False
            ),
            address,
        )
        for recipe, address in zip(recipes, readers, strict=True)
    ]


def _separate(parts: Sequence[Part]) -> list[Recipe] | None:
    """A recipe for each partition; None if most tasks would be repeated for many partitions."""
    whole = {key for each in parts[0] if each is not None for key in each.dask}
    recipes, n_tasks = [], 0
    for part in parts:
        recipes.append(Recipe(part))
        n_tasks += len(recipes[-1].graph)
        if n_tasks > MOST_REPEATS * len(whole):
            return None
    return recipes


def _is_shuffled(graph: Any) -> bool:
    """Whether the workers exchange rows to compute a graph, so that none can do it alone."""
    return any(isinstance(key, str) and key.startswith(BARRIER) for key in graph)


def done(client: Client, futures: list[Future]) -> list[Future]:
    """The futures, when their tasks are done.

    Raises
    ------
    RuntimeError
        If the machine of a worker has failed, as with a full disk.
    Exception
        The error of the first task that has failed otherwise, with a note of its worker.
    """
    wait(futures)
    for future in futures:
        if future.status == "error":
            raise of_worker(future.exception(), _failed_on(client, future))
        if future.status != "finished":
            client.gather(future)  # raises
    return futures


def _failed_on(client: Client, future: Future) -> str:
    """Addresses of the workers on which the task of a future has failed."""
    key = future.key

    def failed_on(dask_scheduler: Any) -> set[str]:
        task = dask_scheduler.tasks[key]
        return set((task.exception_blame or task).erred_on)

    found: set[str] = set()
    with suppress(Exception):
        found = client.run_on_scheduler(failed_on)
    return ", ".join(sorted(found)) or "of this task"


def of_worker(error: BaseException, address: str) -> BaseException:
    """An error that names the worker; those of the data keep their type and message."""
    if isinstance(error, OSError | MemoryError):
        failed = RuntimeError(f"The worker {address} has failed: {type(error).__name__}: {error}")
        failed.__cause__ = error
        return failed
    error.add_note(f"This happened on the worker {address}.")
    return error


def described(
    client: Client, sources: Sequence[tuple[Future, str | None]], local: Any
) -> list[Piece]:
    """Statistics of the partitions, computed where they are; without those that have no row.

    Raises
    ------
    ValueError, TypeError
        If the data are not valid.
    """
    tasks = [
        client.submit(_statistics.describe, future, local, i, pure=False)
        for i, (future, _) in enumerate(sources)
    ]
    found = client.gather(done(client, tasks))
    if not sum(each.n_rows for each in found):
        raise ValueError("Found array with 0 sample(s): all partitions of X are empty.")
    if not sum(each.n_counted for each in found):
        raise ValueError("Sample weights must contain at least one non-zero weight; all are zero.")
    n_columns = {len(each.columns) for each in found if each.n_counted}
    if len(n_columns) > 1:
        raise ValueError(f"The partitions of X have different numbers of columns: {n_columns}.")
    return [
        Piece(future, each, address)
        for (future, address), each in zip(sources, found, strict=True)
        if each.n_rows
    ]


def shards_of(client: Client, pieces: Sequence[Piece], held_out: Sequence[Future]) -> list[Shard]:
    """The partitions of each worker, in the order of their first partitions."""
    holders = client.who_has([piece.future for piece in pieces])
    alive, shards = known_workers(client), dict[str, Shard]()
    for piece in pieces:
        addresses = [piece.address] if piece.address in alive else holders[piece.future.key]
        if not addresses:
            raise LostError(set(), f"partition {piece.future.key} is lost")
        # If several have a copy, the one with the fewest rows so far.
        address = min(
            sorted(addresses), key=lambda each: shards[each].n_rows if each in shards else 0
        )
        shards.setdefault(address, Shard(address)).pieces.append(piece)
    found = _without_tiny(list(shards.values()))
    if held_out:
        _give_held_out(client, found, held_out)
    return found


def _without_tiny(shards: list[Shard]) -> list[Shard]:
    """The shards, without those that are too small to train on, whose rows others get."""
    while len(shards) > 1:
        least = min(shards, key=lambda shard: shard.n_rows)
        if least.n_rows >= LEAST_ROWS:
            break
        shards.remove(least)
        min(shards, key=lambda shard: shard.n_rows).pieces.extend(least.pieces)
    return shards


def _give_held_out(client: Client, shards: list[Shard], held_out: Sequence[Future]) -> None:
    """Give each worker validation rows: those that it holds, or all of them in equal slices."""
    n_rows = client.gather(
        [client.submit(lambda part: part.X.shape[0], each, pure=False) for each in held_out]
    )
    if sum(n_rows) < len(shards):
        raise ValueError(
            f"X_val has {sum(n_rows)} rows, but each of {len(shards)} workers needs one at least."
        )
    holders = client.who_has(list(held_out))
    by_address: dict[str, list[Future]] = {}
    for future, n in zip(held_out, n_rows, strict=True):
        if n:
            by_address.setdefault(min(holders[future.key]), []).append(future)
    if by_address.keys() == {shard.address for shard in shards}:
        for shard in shards:
            shard.held_out = by_address[shard.address]
        return
    whole = client.submit(_remote.join_parts, list(held_out), pure=False)
    for k, shard in enumerate(shards):
        shard.held_out = [
            client.submit(
                _remote.slice_of, whole, k, len(shards), workers=[shard.address], pure=False
            )
        ]


def warn_of_shares(shards: Sequence[Shard]) -> None:
    """Warn of workers that have much fewer or more rows than the mean."""
    counts = np.array([shard.n_rows for shard in shards])
    mean = counts.mean()
    for shard, n_rows in zip(shards, counts, strict=True):
        if not LEAST_SHARE * mean <= n_rows <= LARGEST_SHARE * mean:
            warn(
                f"The worker {shard.address} has {n_rows} rows, the mean is {mean:.0f}. Workers "
                "wait for the one with most rows; client.rebalance() spreads partitions evenly."
            )


def summary_of(
    client: Client, pieces: Sequence[Piece], local: Any, seed: int, *, is_weighted: bool
) -> Future:
    """The summary of all rows, in the memory of a worker."""
    shares = _statistics.plan_of([piece.description for piece in pieces])
    samples = [
        client.submit(_statistics.draw, piece.future, local, i, share, seed, pure=False)
        for i, (piece, share) in enumerate(zip(pieces, shares, strict=True))
    ]
    summary = client.submit(_statistics.summary_of, samples, is_weighted=is_weighted, pure=False)
    return done(client, [summary])[0]

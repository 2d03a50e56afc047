"""A fit on the workers of a Dask cluster: which of them trains on what, and if one is lost."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from copy import copy
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from dask.delayed import Delayed, delayed
from distributed import Client, Future, MultiLock, default_client, futures_of, wait
from distributed.scheduler import KilledWorker

from skdnn._warnings import warn
from skdnn.distributed import _remote, _statistics
from skdnn.distributed._collections import Part, Recipe, is_lazy, parts_of
from skdnn.distributed._group import WorkerLostError
from skdnn.estimators._checks import has_validation_set

#: Seconds of silence after which the workers give up one of them.
SILENCE = 60.0
#: Seconds between two looks at the workers during a training.
LOOK = 0.5
#: Seconds that are left to a worker to report its own error, or to the scheduler to miss it, when
#: another worker has lost it.
PATIENCE = 10.0
#: A worker with fewer rows than this gives them to another one.
LEAST_ROWS = 10
#: Warnings of shares of the rows that are below or above these multiples of their mean.
LEAST_SHARE, LARGEST_SHARE = 0.05, 3.0
#: Names of the arguments in messages.
NAMES = ("X", "y", "sample_weight")
NAMES_VAL = ("X_val", "y_val", "sample_weight_val")


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


def client_of(estimator: Any) -> Client:
    """The client of an estimator, or the current one.

    Raises
    ------
    ValueError
        If there is none.
    """
    client = estimator.client
    if client is None:
        try:
            client = default_client()
        except ValueError as error:
            raise ValueError(
                "There is no Dask client. Make one, as with distributed.Client(), or give it as "
                "client=..."
            ) from error
    if not isinstance(client, Client) or client.asynchronous:
        raise ValueError(f"client must be a distributed.Client that is not asynchronous: {client}.")
    return client


def fit_on_workers(
    estimator: Any, rows: tuple[Any, Any, Any], held_out: tuple[Any, Any, Any]
) -> Any:
    """The plain estimator, fitted with the rows of Dask collections.

    Parameters
    ----------
    estimator : DaskMixin
    rows : X, y and weights
        Dask collections; weights may be None.
    held_out : X, y and weights
        Validation rows: Dask collections, data in memory, or None.

    Raises
    ------
    RuntimeError
        If a worker or the scheduler is lost.
    TypeError, ValueError
        If the data are not valid.
    """
    client = client_of(estimator)
    local = with_seed(estimator._local())
    delayed_parts, delayed_held_out = parts_of(*rows, NAMES), _held_out_parts(held_out)
    with _named_losses(client):
        seed = int(np.random.RandomState(_seed_of(local)).randint(2**31 - 1))
        sources = _sources(client, delayed_parts)
        validation = _in_memory(client, delayed_held_out)
        pieces = _described(client, sources, local)
        while True:
            shards = _shards(client, pieces, validation)
            _warn_of_shares(shards)
            summary = _summary(client, pieces, local, seed, is_weighted=rows[2] is not None)
            try:
                with _locked(client, [shard.address for shard in shards]):
                    trained = _train(client, local, shards, summary)
                break
            except LostError as error:
                pieces = _left(pieces, shards, error, estimator.on_worker_lost)
    for message, category in trained.warnings:
        warn(message, category)
    return trained.estimator


def with_seed(local: Any) -> Any:
    """The estimator with a ``random_state`` that is the same on all workers."""
    if local.random_state is None:
        local.random_state = secrets.randbelow(2**31)
    return local


def _seed_of(local: Any) -> Any:
    """A seed for the sample that does not change the estimator's own random numbers."""
    state = local.random_state
    return copy(state).randint(2**31 - 1) if hasattr(state, "randint") else state


def _held_out_parts(held_out: tuple[Any, Any, Any]) -> list[Part]:
    X, y, weights = held_out
    if not has_validation_set(X, y, sample_weight_val=weights):
        return []
    if any(map(is_lazy, held_out)):
        return parts_of(X, y, weights, NAMES_VAL)
    return [Part(X, y, weights)]


# ---------------------------------------------------------------- partitions


def _in_memory(client: Client, parts: Sequence[Part]) -> list[Future]:
    """The parts as futures that are done; raises the error of the first that cannot be computed."""
    if parts and not isinstance(parts[0].X, Delayed):
        return client.scatter(list(parts), hash=False)  # in memory already
    make = delayed(Part, pure=False)
    return _done(client, client.compute([make(*part) for part in parts]))


def _sources(client: Client, parts: Sequence[Part]) -> list[tuple[Future, str | None]]:
    """What to train on: futures of parts in memory; of recipes, with the worker to read each.

    Data that the user has persisted stay where they are. Others are not kept, so that they may be
    more than the memory of all workers: these read the same number of partitions each.
    """
    if any(futures_of(each) for part in parts for each in part if each is not None):
        return [(future, None) for future in _in_memory(client, parts)]
    addresses = sorted(_alive(client))
    if not addresses:
        return [(future, None) for future in _in_memory(client, parts)]  # waits for one
    found: list[tuple[Future, str | None]] = []
    for i, part in enumerate(parts):
        address = addresses[i % len(addresses)]
        future = client.submit(
            _remote.kept, Recipe(part), workers=[address], allow_other_workers=True, pure=False
        )
        found.append((future, address))
    return found


def _done(client: Client, futures: list[Future]) -> list[Future]:
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
            raise _of_worker(future.exception(), _failed_on(client, future))
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


def _of_worker(error: BaseException, address: str) -> BaseException:
    """An error that names the worker; those of the data keep their type and message."""
    if isinstance(error, OSError | MemoryError):
        failed = RuntimeError(f"The worker {address} has failed: {type(error).__name__}: {error}")
        failed.__cause__ = error
        return failed
    error.add_note(f"This happened on the worker {address}.")
    return error


def _described(
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
    found = client.gather(_done(client, tasks))
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


def _shards(client: Client, pieces: Sequence[Piece], held_out: Sequence[Future]) -> list[Shard]:
    """The partitions of each worker, in the order of their first partitions."""
    holders = client.who_has([piece.future for piece in pieces])
    alive, shards = _alive(client), dict[str, Shard]()
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


def _warn_of_shares(shards: Sequence[Shard]) -> None:
    """Warn of workers that have much fewer or more rows than the mean."""
    counts = np.array([shard.n_rows for shard in shards])
    mean = counts.mean()
    for shard, n_rows in zip(shards, counts, strict=True):
        if not LEAST_SHARE * mean <= n_rows <= LARGEST_SHARE * mean:
            warn(
                f"The worker {shard.address} has {n_rows} rows, the mean is {mean:.0f}. Workers "
                "wait for the one with most rows; client.rebalance() spreads partitions evenly."
            )


def _summary(
    client: Client, pieces: Sequence[Piece], local: Any, seed: int, *, is_weighted: bool
) -> Future:
    """The summary of all rows, in the memory of a worker."""
    shares = _statistics.plan_of([piece.description for piece in pieces])
    samples = [
        client.submit(_statistics.draw, piece.future, local, i, share, seed, pure=False)
        for i, (piece, share) in enumerate(zip(pieces, shares, strict=True))
    ]
    summary = client.submit(_statistics.summary_of, samples, is_weighted=is_weighted, pure=False)
    return _done(client, [summary])[0]


def _left(
    pieces: list[Piece], shards: Sequence[Shard], error: LostError, on_worker_lost: str
) -> list[Piece]:
    """The partitions of the workers that are left.

    Raises
    ------
    RuntimeError
        Unless the training goes on with these.
    """
    lost = [shard for shard in shards if shard.address in error.addresses]
    names = ", ".join(sorted(error.addresses))
    before = sum(shard.n_rows for shard in shards)
    rows = before - sum(shard.n_rows for shard in lost)
    what = f"The training was ended, because the worker {names} {error.reason}."
    if on_worker_lost == "raise" or not lost:
        raise RuntimeError(what)
    if 2 * rows <= before:
        raise RuntimeError(f"{what} The others have {rows} of {before} rows, not more than half.")
    warn(
        f"The worker {names} {error.reason}. The training starts again with {rows} of {before} "
        "rows."
    )
    gone = {piece.future.key for shard in lost for piece in shard.pieces}
    return [piece for piece in pieces if piece.future.key not in gone]


# ---------------------------------------------------------------- training


@contextmanager
def _locked(client: Client, addresses: Sequence[str]) -> Iterator[None]:
    """Context manager in which no other training has a task on these workers.

    Two trainings that have each half of the workers would wait for each other.
    """
    lock = MultiLock([f"skdnn-{address}" for address in addresses], client)
    try:
        # With a time limit: a request that is given up must not stay in the queue.
        while not lock.acquire(timeout=5):
            pass
        yield
    finally:
        with suppress(Exception):
            lock.release()


def _train(client: Client, local: Any, shards: Sequence[Shard], summary: Future) -> _remote.Trained:
    """Train on all workers; the result of the first one."""
    addresses = [shard.address for shard in shards]
    name, key, size = f"skdnn-{secrets.token_hex(8)}", secrets.token_bytes(32), len(shards)
    listening = None
    if size > 1:
        listening = client.run(_remote.listen, name, addresses[0], workers=[addresses[0]])
        listening = listening[addresses[0]]
    tasks = []
    for rank, shard in enumerate(shards):
        place = _remote.Place(name, rank, size, listening, key, SILENCE)
        parts = [piece.future for piece in shard.pieces]
        tasks.append(
            client.submit(
                _remote.train, local, parts, shard.held_out, summary, place, shard.n_bytes,
                key=f"{name}-{rank}", workers=[shard.address], allow_other_workers=False,
                pure=False, retries=0,
            )
        )  # fmt: skip
    try:
        _watch(client, tasks, addresses)
        return client.gather(tasks[0])
    except BaseException:
        _stop(client, name, tasks, addresses)
        raise


def _watch(client: Client, tasks: list[Future], addresses: list[str]) -> None:
    """Wait for the tasks of the workers.

    Raises
    ------
    LostError
        If a worker is lost.
    Exception
        The error of a task, with a note of its worker.
    """
    while True:
        with suppress(TimeoutError):
            wait(tasks, timeout=LOOK, return_when="FIRST_COMPLETED")
        running = [task for task in tasks if not task.done()]
        if any(task.status in ("error", "cancelled", "lost") for task in tasks):
            raise _error_of(client, tasks, addresses)
        if not running:
            return
        if len(running) < len(tasks):
            with suppress(TimeoutError):
                wait(running, timeout=LOOK, return_when="FIRST_COMPLETED")
        gone = set(addresses) - _alive(client)
        if gone:
            raise LostError(gone, "was lost")


def _alive(client: Client) -> set[str]:
    """Addresses of the workers that the scheduler knows."""
    return set(client.nthreads())


def _error_of(client: Client, tasks: list[Future], addresses: list[str]) -> BaseException:
    """The error that the tasks of a training have ended with."""
    # That of the worker which the others have lost may come later, or the scheduler misses it, too.
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        with suppress(TimeoutError):
            wait(tasks, timeout=LOOK)
            break
        gone = set(addresses) - _alive(client)
        if gone:
            return LostError(gone, "was lost")
    lost: WorkerLostError | None = None
    for task, address in zip(tasks, addresses, strict=True):
        if task.status != "error":
            continue
        error = task.exception()
        if isinstance(error, KilledWorker):
            return LostError({address}, "was lost")
        if not isinstance(error, WorkerLostError):
            return _of_worker(error, address)
        lost = lost or error
    if lost is None:
        return LostError(set(addresses) - _alive(client), "was lost")
    return LostError({addresses[lost.rank]}, lost.reason)


def _stop(client: Client, name: str, tasks: list[Future], addresses: list[str]) -> None:
    """End the training on all workers that are left."""
    with suppress(Exception):
        client.cancel(tasks, force=True)
    with suppress(Exception):
        alive = sorted(set(addresses) & _alive(client))
        client.run(_remote.stop, name, workers=alive, on_error="ignore")


@contextmanager
def _named_losses(client: Client) -> Iterator[None]:
    """Context manager that tells errors of Dask itself in the words of this package."""
    try:
        yield
    except KilledWorker as error:
        worker = getattr(error.last_worker, "address", error.last_worker)
        raise RuntimeError(
            f"The worker {worker} was lost while partitions were computed."
        ) from error
    except Exception as error:
        if client.status not in ("running", "connecting"):
            where = getattr(client.scheduler, "address", "")
            raise RuntimeError(f"The connection to the scheduler {where} was lost.") from error
        raise

"""A fit on the workers of a Dask cluster, and what happens if one of them is lost."""

from __future__ import annotations

import secrets
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from copy import copy
from dataclasses import replace
from itertools import cycle
from traceback import clear_frames
from typing import Any

import numpy as np
from distributed import Client, Future, MultiLock, default_client, wait
from distributed.scheduler import KilledWorker

from skdnn._warnings import warn
from skdnn.distributed import _remote
from skdnn.distributed._collections import Part, is_lazy, parts_of
from skdnn.distributed._group import WorkerLostError
from skdnn.distributed._shards import (
    LostError,
    Piece,
    Shard,
    described,
    in_memory,
    known_workers,
    of_worker,
    shards_of,
    sources_of,
    summary_of,
    warn_of_shares,
)
from skdnn.estimators._checks import has_validation_set

#: Seconds of silence after which the workers give up one of them.
SILENCE = 60.0
#: Seconds between two looks at the workers during a training.
LOOK = 0.5
#: Seconds that are left to a worker to report its own error, or to the scheduler to miss it, when
#: another worker has lost it.
PATIENCE = 10.0
#: Names of the arguments in messages.
NAMES = ("X", "y", "sample_weight")
NAMES_VAL = ("X_val", "y_val", "sample_weight_val")


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
    if client.status == "closed":
        raise ValueError(f"client must be a distributed.Client that is not closed: {client}.")
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
    client, handled = client_of(estimator), sys.exception()
    try:
        return _fit(client, estimator, rows, held_out)
    except BaseException as error:
        # Kept, as by a notebook, the variables of the traceback would keep all futures.
        each: BaseException | None = error
        while each is not None and each is not handled:
            clear_frames(each.__traceback__)
            each = each.__context__
        raise


def _fit(
    client: Client,
    estimator: Any,
    rows: tuple[Any, Any, Any],
    held_out: tuple[Any, Any, Any],
) -> Any:
    """The plain estimator, fitted by the workers of a client: see ``fit_on_workers``."""
    local = with_seed(estimator._local())
    delayed_parts, delayed_held_out = parts_of(*rows, NAMES), _held_out_parts(held_out)
    with _named_losses(client):
        seed = int(np.random.RandomState(_seed_of(local)).randint(2**31 - 1))
        sources = sources_of(client, delayed_parts)
        validation = in_memory(client, delayed_held_out)
        pieces = described(client, sources, local)
        while True:
            shards = shards_of(client, pieces, validation)
            warn_of_shares(shards)
            summary = summary_of(client, pieces, local, seed, is_weighted=rows[2] is not None)
            try:
                with _locked(client, [shard.address for shard in shards]):
                    trained = _train(client, local, shards, summary)
                break
            except LostError as error:
                pieces = _left(client, pieces, shards, error, estimator.on_worker_lost)
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


def _left(
    client: Client,
    pieces: list[Piece],
    shards: Sequence[Shard],
    error: LostError,
    on_worker_lost: str,
) -> list[Piece]:
    """The partitions that are left: others read those that are not in memory.

    Raises
    ------
    RuntimeError
        Unless the training goes on with these.
    """
    names = ", ".join(sorted(error.addresses))
    what = f"The training was ended, because the worker {names} {error.reason}."
    lost = {
        piece.future.key
        for shard in shards
        if shard.address in error.addresses
        for piece in shard.pieces
        if piece.address is None
    }
    left = [piece for piece in pieces if piece.future.key not in lost]
    before, rows = (sum(piece.description.n_counted for piece in each) for each in (pieces, left))
    others = sorted(known_workers(client) - error.addresses)
    if on_worker_lost == "raise" or not error.addresses or not others:
        raise RuntimeError(what)
    if 2 * rows <= before:
        raise RuntimeError(f"{what} The others have {rows} of {before} rows, not more than half.")
    warn(
        f"The worker {names} {error.reason}. The training starts again with {rows} of {before} "
        "rows."
    )
    readers = cycle(others)
    return [
        replace(piece, address=next(readers)) if piece.address in error.addresses else piece
        for piece in left
    ]


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
        gone = set(addresses) - known_workers(client)
        if gone:
            raise LostError(gone, "was lost")


def _error_of(client: Client, tasks: list[Future], addresses: list[str]) -> BaseException:
    """The error that the tasks of a training have ended with."""
    # That of the worker which the others have lost may come later, or the scheduler misses it, too.
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        with suppress(TimeoutError):
            wait(tasks, timeout=LOOK)
            break
        gone = set(addresses) - known_workers(client)
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
            return of_worker(error, address)
        lost = lost or error
    if lost is None:
        return LostError(set(addresses) - known_workers(client), "was lost")
    return LostError({addresses[lost.rank]}, lost.reason)


def _stop(client: Client, name: str, tasks: list[Future], addresses: list[str]) -> None:
    """End the training on all workers that are left."""
    with suppress(Exception):
        client.cancel(tasks, force=True)
    with suppress(Exception):
        alive = sorted(set(addresses) & known_workers(client))
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

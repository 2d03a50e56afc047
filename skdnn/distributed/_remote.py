"""What runs on the workers of a Dask cluster, beside the description of partitions."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from copy import copy
from typing import Any, NamedTuple

import numpy as np
from distributed import Status, get_worker, secede
from distributed.comm import get_address_host

from skdnn._sklearn import safe_indexing
from skdnn._warnings import collected
from skdnn.distributed._collections import Part, Recipe, joined, part_of, partitions_of
from skdnn.distributed._fit import fit_shard
from skdnn.distributed._sockets import Listening, SocketGroup
from skdnn.distributed._storage import Storage
from skdnn.distributed._summary import Summary

#: Encoded rows are in files if they take more than this share of the memory limit of the worker.
ENCODED_SHARE = 1 / 3
#: A single worker fits as the plain estimator if X takes no more than this share: the copies that
#: are made of X take five to eight times as much.
PLAIN_SHARE = 1 / 10


class Place(NamedTuple):
    """The place of a worker in a group."""

    #: Names the training on each worker.
    name: str
    rank: int
    size: int
    #: Where the first worker listens.
    address: tuple[str, int] | None
    #: Known to the workers of the group only.
    key: bytes
    #: Seconds of silence after which a worker is lost.
    timeout: float


class Trained(NamedTuple):
    """A fitted plain estimator, and the warnings of its training."""

    estimator: Any
    warnings: list[tuple[str, type[Warning]]]


#: Of a Dask worker that ends, as when it has lost its scheduler.
ENDING = (Status.closing, Status.closing_gracefully, Status.closed, Status.failed)


class _Running:
    """Trainings of the process, by name: how they are reached from outside of their task."""

    def __init__(self) -> None:
        self.listeners: dict[str, Listening] = {}
        #: Set to end a training; made by whoever comes first, the training or its end.
        self.stopped: dict[str, threading.Event] = {}

    def end(self, name: str) -> None:
        """Forget a training, and free its port if nobody has used it."""
        listener = self.listeners.pop(name, None)
        if listener is not None:
            listener.close()


_running = _Running()


def listen(name: str, address: str) -> tuple[str, int]:
    """Open the port of a training on its first worker, whose Dask address this is.

    Returns
    -------
    address : (str, int)
        Host and port.
    """
    host = "127.0.0.1" if address.startswith("inproc") else get_address_host(address)
    listener = Listening(host)
    _running.listeners[name] = listener
    return listener.address


def stop(name: str) -> None:
    """End a training after its current epoch, and forget it."""
    event = _running.stopped.get(name)
    if event is not None:
        event.set()
    _running.end(name)


def train(
    estimator: Any,
    sources: Sequence[Part | Recipe],
    held_out: Sequence[Part],
    summary: Summary,
    place: Place,
    n_bytes: int,
) -> Trained | None:
    """Train with the rows of this worker, together with the others; a task of its own.

    Parameters
    ----------
    estimator : BaseDNN
        Plain.
    sources : sequence of Part or Recipe
    held_out : sequence of Part
    summary : Summary
    place : Place
    n_bytes : int
        Of X of all sources in memory.

    Returns
    -------
    trained : Trained or None
        Of the first worker; None of the others.
    """
    estimator, worker = copy(estimator), get_worker()
    # The thread of this task is free for others: a worker that computes a partition may wait for
    # tasks on those that wait for it.
    secede()
    if estimator.n_jobs is None:
        estimator.n_jobs = worker.state.nthreads
    limit = worker.memory_manager.memory_limit or np.inf
    stopped = _running.stopped.setdefault(place.name, threading.Event())

    def should_stop() -> bool:
        return stopped.is_set() or worker.status in ENDING

    X_val, y_val, weights_val = joined(held_out) if held_out else (None, None, None)
    try:
        storage = Storage(worker.local_directory, ENCODED_SHARE * limit)
        with collected() as warnings, _group(place) as group, storage:
            if place.size == 1 and n_bytes <= PLAIN_SHARE * limit:
                rows = joined([part_of(source) for source in sources])
            else:
                rows = partitions_of(sources, storage)
            fitted = fit_shard(
                estimator, *rows, summary=summary, group=group, X_val=X_val, y_val=y_val,
                sample_weight_val=weights_val, should_stop=should_stop,
            )  # fmt: skip
    finally:
        if place.rank == 0:
            _running.end(place.name)
        _running.stopped.pop(place.name, None)
    return Trained(fitted, warnings) if place.rank == 0 else None


def _group(place: Place) -> SocketGroup:
    if place.size == 1:
        return SocketGroup(0, 1, {}, place.timeout)
    if place.rank == 0:
        listener = _running.listeners.pop(place.name)
        return SocketGroup.serve(listener, place.size, place.key, place.timeout)
    assert place.address is not None
    return SocketGroup.join(place.address, place.rank, place.size, place.key, place.timeout)


def kept(recipe: Recipe) -> Recipe:
    """A recipe in the memory of a worker, by a task that another worker can run again."""
    return recipe


def join_parts(parts: Sequence[Part]) -> Part:
    """The rows of several parts as one."""
    return joined(parts)


def slice_of(part: Part, k: int, n: int) -> Part:
    """The k-th of n slices of a part of about the same number of rows."""
    n_rows = part.X.shape[0]
    rows = slice(k * n_rows // n, (k + 1) * n_rows // n)
    return Part(*(None if data is None else safe_indexing(data, rows) for data in part))

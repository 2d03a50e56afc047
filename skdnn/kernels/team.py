"""Threads that share the steps of the training of one network.

All threads run the same program and each does its part of the work: rows of the batch, then rows of
each gradient, then blocks of the parameters. The terms of an element and their order do not depend
on the number of threads. Between the phases there are barriers.

Reference: SPMD, "single program, multiple data" (Darema et al. 1988).
"""

from typing import Any, NamedTuple

import numpy as np

from skdnn._dtypes import ACCUMULATOR, INDEX
from skdnn._jit import TILE_ROWS, atomic_add, atomic_load, kernel, offer_core, pause

#: Elements of ``Team.barrier``: who has arrived, how often all have, whether to give up.
ARRIVED, ROUND, ABORTED, BARRIER_SIZE = range(4)

#: Elements of ``Team.values``.
LOSS, NORM, N_VALUES = range(3)

#: After so many looks a thread offers its core to others.
_PATIENCE = 4096
_ONE = np.int64(1)

#: Units of ``share``. Not literals: Numba compiles a function anew for each of those.
ROWS, BLOCKS, COLUMNS = np.int64(TILE_ROWS), np.int64(1), np.int64(1)


class Team(NamedTuple):
    """A thread of the team, and the arrays that it shares with the others."""

    worker: int
    n_workers: int
    barrier: Any  # (BARRIER_SIZE,) int64
    values: Any  # (N_VALUES,) float64: loss of the batch, length of the gradient
    penalties: Any  # (n_blocks,) float64, of the optimizer's blocks


def make_team(n_workers: int, n_blocks: int) -> list[Team]:
    """The threads of one training, in the order of their numbers."""
    barrier = np.zeros(BARRIER_SIZE, INDEX)
    values, penalties = np.zeros(N_VALUES, ACCUMULATOR), np.zeros(n_blocks, ACCUMULATOR)
    return [Team(worker, n_workers, barrier, values, penalties) for worker in range(n_workers)]


@kernel
def wait_for_all(n_workers, barrier):
    """Barrier: wait for all threads; return False if one of them has given up."""
    if n_workers == 1:
        return True
    turn = atomic_load(barrier, ROUND)
    if atomic_add(barrier, ARRIVED, _ONE) == n_workers - 1:
        atomic_add(barrier, ARRIVED, -n_workers)
        atomic_add(barrier, ROUND, _ONE)
        return True
    looks = 0
    while atomic_load(barrier, ROUND) == turn:
        if atomic_load(barrier, ABORTED) != 0:
            return False
        pause()
        looks += 1
        if looks % _PATIENCE == 0:
            offer_core()
    return True


@kernel
def share(team, n, unit):
    """First and last + 1 of what a thread does of ``n`` items, in whole units but for the end."""
    if team.n_workers == 1:
        return 0, n
    n_units = -(-n // unit)
    first = n_units * team.worker // team.n_workers * unit
    stop = n_units * (team.worker + 1) // team.n_workers * unit
    return min(first, n), min(stop, n)

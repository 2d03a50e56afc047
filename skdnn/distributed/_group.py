"""Groups of workers that train one network: sums over all of them."""

from __future__ import annotations

from typing import Protocol

import numpy as np


class WorkerLostError(RuntimeError):
    """A worker of the group has closed its connection, or was not heard of for too long.

    Attributes
    ----------
    rank : int
        Of the lost worker.
    reason : str
    """

    def __init__(self, rank: int, reason: str) -> None:
        super().__init__(rank, reason)
        self.rank, self.reason = rank, reason

    def __str__(self) -> str:
        return f"The worker of rank {self.rank} {self.reason}."


class Group(Protocol):
    """Workers that call the same methods in the same order.

    Attributes
    ----------
    rank : int
        Number of this worker, from 0.
    size : int
        Number of workers.
    """

    rank: int
    size: int

    def allreduce(self, array: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        """The sum of the arrays of all workers, added in the order of their ranks.

        Parameters
        ----------
        array : float32 or float64 array, of the same shape and dtype for each worker
        out : array of this shape and dtype, optional
            Where the sum is put; may be ``array``.

        Returns
        -------
        total : array of this shape and dtype, with the same bits for each worker
            ``out``, or a new array.

        Raises
        ------
        WorkerLostError
        """

    def close(self) -> None:
        """Leave the group; the others get an error if they still wait for this worker."""


def broadcast(group: Group, array: np.ndarray) -> np.ndarray:
    """The array of the first worker; the others give one of the same shape and dtype."""
    return group.allreduce(array if group.rank == 0 else np.zeros_like(array))


def gather(group: Group, array: np.ndarray) -> list[np.ndarray]:
    """The arrays of all workers, in the order of their ranks.

    Parameters
    ----------
    array : (n_rows, ...) float array
        The number of rows may differ between workers.
    """
    own = np.zeros(group.size)
    own[group.rank] = len(array)
    ends = group.allreduce(own).astype(np.intp).cumsum()
    whole = np.zeros((ends[-1], *array.shape[1:]), array.dtype)
    whole[ends[group.rank] - len(array) : ends[group.rank]] = array
    return np.split(group.allreduce(whole), ends[:-1])

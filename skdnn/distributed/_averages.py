"""Means of the values of a network over several workers, computed while it is trained."""

from __future__ import annotations

from concurrent.futures import Executor, Future
from threading import Lock

import numpy as np

from skdnn.distributed._group import Group
from skdnn.network.network import Network
from skdnn.training.engine import NonFiniteLossError


class Averages:
    """The part of one worker in the means of all values, member by member.

    The sum over the workers of what a member has learned begins as soon as it has made its steps,
    in another thread, while the next member makes its own. Sums are in the order of the members
    for each worker, whatever the number of threads.

    Parameters
    ----------
    network : Network
        Its values are the same for each worker.
    group : Group
        Nobody else may use it during a round.
    share : float
        Of this worker in the means.
    """

    def __init__(self, network: Network, group: Group, share: float) -> None:
        self.group, self.share = group, share
        members = range(network.n_members)
        self.values = [network.of_member(member) for member in members]
        #: Values after the last mean.
        self.common = [values.copy() for values in self.values]
        #: Changes of the values since, and whether the worker has failed.
        self.messages = [np.empty(values.size + 1, values.dtype) for values in self.values]
        self._lock = Lock()
        self._has_finished: set[int] = set()
        self._sums: list[Future] = []

    def begin(self, executor: Executor) -> None:
        """Begin a round.

        Parameters
        ----------
        executor : Executor
            With a single thread.
        """
        self._executor = executor
        self._has_finished.clear()
        self._sums.clear()

    def add(self, member: int) -> None:
        """Tell that a member has made its steps; may be called by several threads."""
        with self._lock:
            self._has_finished.add(member)
            while len(self._sums) in self._has_finished:
                self._start(has_failed=False)

    def end(self) -> None:
        """Replace all values by the means.

        Raises
        ------
        NonFiniteLossError
            If a member of any worker has not made its steps. No value is replaced.
        WorkerLostError
        """
        while len(self._sums) < len(self.values):
            self._start(has_failed=True)
        for each in self._sums:
            each.result()
        if any(message[-1] > 0 for message in self.messages):
            raise NonFiniteLossError
        if self.group.size == 1:
            return
        for values, common, message in zip(self.values, self.common, self.messages, strict=True):
            common += message[:-1]
            values[...] = common

    def _start(self, *, has_failed: bool) -> None:
        """Begin the sum of the next member."""
        member = len(self._sums)
        message = self.messages[member]
        # Changes: shares of the values themselves would not add up to all of them.
        with np.errstate(over="ignore", invalid="ignore"):
            np.subtract(self.values[member], self.common[member], out=message[:-1])
            message[:-1] *= self.share
        message[-1] = has_failed
        self._sums.append(self._executor.submit(self.group.allreduce, message, out=message))

"""Parallel work: members and blocks of rows in Python threads; the kernels release the GIL.

Results do not depend on the number of threads: each task writes to its own memory, or to its own
part of shared arrays.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import cached_property
from typing import Any

from joblib import cpu_count
from joblib.parallel import get_active_backend

#: Timeout of the waiting thread, in seconds, after which it checks for Ctrl-C. Python cannot
#: interrupt a wait without timeout on Windows, nor after another library has installed the signal
#: handler with SA_RESTART, as Polars does.
CTRL_C_SECONDS = 0.1


class Threads:
    """Context manager with a pool of threads.

    Parameters
    ----------
    n_jobs : int or None
        See ``count_threads``.
    n_tasks : int
        Upper limit of the number of threads.

    Attributes
    ----------
    stopping : threading.Event
        Set when the tasks should stop, because of Ctrl-C or an error in one of them.
    """

    def __init__(self, n_jobs: int | None, n_tasks: int) -> None:
        self.stopping = threading.Event()
        self._n_jobs, self._n_tasks = n_jobs, n_tasks
        if n_jobs == 0:
            count_threads(n_jobs)  # which says what is wrong

    @cached_property
    def n_threads(self) -> int:
        """Counted when it is first needed: joblib reads the limits of the machine from files."""
        return min(count_threads(self._n_jobs), self._n_tasks) if self._n_tasks > 1 else 1

    @cached_property
    def _pool(self) -> ThreadPoolExecutor | None:
        return ThreadPoolExecutor(self.n_threads) if self.n_threads > 1 else None

    def __enter__(self) -> Threads:
        return self

    def __exit__(self, *error: object) -> None:
        pool = vars(self).get("_pool")
        if pool is not None:
            pool.shutdown()

    def alone(self) -> Threads:
        """A single thread, for what one task does: told to stop when these are."""
        alone = Threads(1, 1)
        alone.stopping = self.stopping
        return alone

    def map(self, function: Callable[..., Any], items: Iterable[Any]) -> list[Any]:
        """``[function(item) for item in items]``.

        The first error ends the other tasks, and is raised when all have ended.
        """
        items = list(items)
        if len(items) == 1 or self._pool is None:
            return list(map(function, items))
        results: list[Any] = [None] * len(items)
        # A thread takes the next item when it is done with one: a task for each item would cost
        # more than the smallest items do. The iterator is shared; next() holds the GIL.
        remaining = iter(range(len(items)))
        errors: list[BaseException] = []

        def work() -> None:
            try:
                for i in remaining:
                    if self.stopping.is_set():
                        break
                    results[i] = function(items[i])
            except BaseException as error:
                errors.append(error)
                self.stopping.set()

        futures: list[Future] = []
        try:
            for _ in range(min(self.n_threads, len(items))):
                futures.append(self._pool.submit(work))
            for future in futures:
                _result(future)
        except BaseException:
            _end(futures, self.stopping.set)
            raise
        finally:
            self.stopping.clear()
        if errors:
            raise errors[0]
        return results

    def run_together(
        self, function: Callable[[int], Any], n_workers: int, give_up: Callable[[], None]
    ) -> Any:
        """Run ``function(0)``, ``function(1)``, ... in parallel; return the result of the first.

        Parameters
        ----------
        function : callable
        n_workers : int, at most ``n_threads``
        give_up : callable
            Called when one of them fails, so that the others do not wait for it.
        """

        def run(worker: int) -> Any:
            try:
                return function(worker)
            except BaseException:
                give_up()
                raise

        assert self._pool is not None
        futures: list[Future] = []
        try:
            for worker in range(1, n_workers):
                futures.append(self._pool.submit(run, worker))
            result = run(0)
            for future in futures:
                _result(future)
            return result
        except BaseException:
            _end(futures, give_up)
            raise


def _result(future: Future) -> Any:
    """Wait for the result of a task; the wait can be interrupted."""
    while True:
        try:
            return future.result(CTRL_C_SECONDS)
        except TimeoutError:
            if future.done():  # raised by the task itself
                return future.result()


def _end(futures: list[Future], tell: Callable[[], None]) -> None:
    """Tell the tasks to stop, and wait for all of them, also if Ctrl-C is pressed again."""
    done = False
    while not done:
        try:
            tell()
            for future in futures:
                future.cancel()
            wait(futures)
            done = True
        except KeyboardInterrupt:
            pass


def count_threads(n_jobs: int | None) -> int:
    """Number of threads for a value of the parameter ``n_jobs``.

    As in scikit-learn, except that None is the number of OpenMP threads, as in histogram gradient
    boosting: all cores, or ``OMP_NUM_THREADS``. Inside joblib workers it is 1, and
    ``joblib.parallel_config`` is respected.
    """
    # Threads, whatever joblib's backend is: a daemonic process may start threads, and the workers
    # of a cluster backend have other cores.
    backend, _ = get_active_backend(prefer="threads", require="sharedmem", verbose=0)
    if n_jobs is not None:
        return backend.effective_n_jobs(n_jobs)
    # No ``prefer`` here: with it joblib ignores the configured number of jobs.
    _, configured = get_active_backend(prefer=None, require=None)
    if backend.nesting_level or configured not in (None, 1):
        return backend.effective_n_jobs(configured)
    limit = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()
    return min(cpu_count(), int(limit)) if limit.isdecimal() and int(limit) else cpu_count()

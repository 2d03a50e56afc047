"""SciPy's L-BFGS-B, one iteration at a time, so that members can be minimized in parallel."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any

import numpy as np
from scipy.optimize import OptimizeResult, minimize
from threadpoolctl import ThreadpoolController


class _BlasLimit:
    """Limits BLAS to one thread as long as any thread is in the context: the limit is global."""

    def __init__(self) -> None:
        self._lock, self._n_users = threading.Lock(), 0
        self._limiter: Any = None

    @contextmanager
    def __call__(self) -> Iterator[None]:
        with self._lock:
            if self._n_users == 0:
                self._limiter = _controller().limit(limits=1)
            self._n_users += 1
        try:
            yield
        finally:
            with self._lock:
                self._n_users -= 1
                if self._n_users == 0:
                    self._limiter.restore_original_limits()


@cache
def _controller() -> ThreadpoolController:
    """Controller of the loaded BLAS libraries; cached, since finding them takes a millisecond."""
    return ThreadpoolController().select(user_api="blas")


#: The vectors of L-BFGS are short: several BLAS threads are slower, and change the last bits.
one_blas_thread = _BlasLimit()


class Minimization:
    """A minimization that pauses after each iteration.

    ``minimize`` runs in its own thread, which never runs at the same time as the caller.

    Parameters
    ----------
    objective : callable
        Returns the value and the gradient at a point.
    start : (n_params,) array
    bounds : (n_params, 2) array or None
        Least and greatest values; None if there are none.
    options : dict
        Options of ``scipy.optimize.minimize(method="L-BFGS-B")``.

    Attributes
    ----------
    x : (n_params,) float64 array
        The last accepted point; the line search evaluates others, too.
    value : float
        Value of the objective at ``x``; NaN before the first iteration.
    result : OptimizeResult or None
        The result of ``minimize``, when it has ended.
    """

    def __init__(
        self,
        objective: Callable[[np.ndarray], tuple[float, np.ndarray]],
        start: np.ndarray,
        bounds: np.ndarray | None,
        options: dict[str, Any],
    ) -> None:
        self.objective, self.bounds, self.options = objective, bounds, options
        self.x, self.value = start.astype(np.float64), np.nan
        self.result: OptimizeResult | None = None
        self._error: BaseException | None = None
        self._is_closed = False
        self._thread: threading.Thread | None = None
        self._turn, self._pause = threading.Semaphore(0), threading.Semaphore(0)

    def advance(self) -> bool:
        """Run an iteration; return False if the minimization has ended."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, daemon=True)
            self._thread.start()
        self._turn.release()
        self._pause.acquire()
        if self._error is not None:
            raise self._error
        return self.result is None

    def close(self) -> None:
        """Stop the minimization, also if Ctrl-C is pressed again."""
        self._is_closed = True
        self._turn.release()
        while self._thread is not None and self._thread.is_alive():
            with suppress(KeyboardInterrupt):
                self._thread.join()

    def _run(self) -> None:
        self._turn.acquire()
        try:
            self.result = minimize(
                self.objective, self.x, jac=True, method="L-BFGS-B", bounds=self.bounds,
                options=self.options, callback=self._wait,
            )  # fmt: skip
            self.value = float(self.result.fun)
        except BaseException as error:
            self._error = error
        self._pause.release()

    def _wait(self, intermediate_result: OptimizeResult) -> None:
        self.x, self.value = intermediate_result.x.copy(), float(intermediate_result.fun)
        self._pause.release()
        self._turn.acquire()
        if self._is_closed:
            raise StopIteration

"""Threads: order, errors, and a Ctrl-C that comes twice."""

import multiprocessing
import signal
import threading
import time
import warnings
from contextlib import suppress

import pytest

from skdnn.training.threads import Threads, count_threads


@pytest.mark.parametrize("n_jobs", [1, 2, -1, None])
def test_results_are_in_order(n_jobs):
    with Threads(n_jobs, 10) as threads:
        assert threads.map(lambda i: i * i, range(10)) == [i * i for i in range(10)]


@pytest.mark.parametrize("n_jobs", [1, 3])
def test_an_error_ends_the_others(n_jobs):
    done = []

    def task(i):
        if i == 0:
            raise RuntimeError("first")
        while not threads.stopping.is_set():
            time.sleep(0.001)
        done.append(i)

    with Threads(n_jobs, 3) as threads, pytest.raises(RuntimeError, match="first"):
        threads.map(task, range(3))
    assert not threads.stopping.is_set()
    assert len(done) <= 2


def test_nothing_runs_on_behind_a_second_interrupt():
    """While the tasks come to their end, another Ctrl-C changes nothing."""
    running = []

    def task(i):
        running.append(i)
        while not threads.stopping.is_set():
            time.sleep(0.001)
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
        time.sleep(0.1)
        running.remove(i)

    def press():
        while len(running) < 2:
            time.sleep(0.001)
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

    threading.Thread(target=press).start()
    with Threads(2, 2) as threads, pytest.raises(KeyboardInterrupt):
        threads.map(task, range(2))
    assert running == []


def test_no_threads_for_a_single_task():
    with Threads(-1, 1) as threads:
        assert threads.map(lambda _: threading.current_thread(), [0]) == [threading.main_thread()]


def test_workers_that_wait_for_each_other():
    barrier = threading.Barrier(3)

    def work(worker):
        barrier.wait(10)
        return worker + 5

    with Threads(3, 3) as threads:
        assert threads.run_together(work, 3, barrier.abort) == 5


@pytest.mark.parametrize("failing", [0, 1, 2])
def test_one_that_fails_tells_the_others(failing):
    barrier = threading.Barrier(3)

    def work(worker):
        if worker == failing:
            raise MemoryError("too much")
        with suppress(threading.BrokenBarrierError):
            barrier.wait(30)

    with Threads(3, 3) as threads, pytest.raises(MemoryError, match="too much"):
        threads.run_together(work, 3, barrier.abort)


def in_a_daemon(n_jobs):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return count_threads(n_jobs)


@pytest.mark.parametrize("n_jobs", [1, 2, 3])
def test_a_daemonic_process_may_start_threads(n_jobs):
    """Of a ``multiprocessing.Pool`` or Celery; it must not start processes."""
    with multiprocessing.get_context("fork").Pool(1) as pool:
        assert pool.apply(in_a_daemon, (n_jobs,)) == n_jobs

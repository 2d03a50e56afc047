"""Threads: order, errors, and a Ctrl-C that comes twice."""

import multiprocessing
import signal
import threading
import time
import warnings
from contextlib import suppress

import pytest
from joblib import Parallel, delayed, parallel_config
from joblib.parallel import ParallelBackendBase

from skdnn.training.threads import CTRL_C_SECONDS, Threads, count_threads


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


@pytest.mark.parametrize("failing", range(4))
def test_the_first_error_is_raised_whichever_thread_has_it(failing):
    """Not those that follow from it."""

    def task(i):
        if i == failing:
            raise RuntimeError("first")
        threads.stopping.wait(10)
        raise InterruptedError

    with Threads(4, 4) as threads, pytest.raises(RuntimeError, match="first"):
        threads.map(task, range(4))
    assert not threads.stopping.is_set()


def test_nothing_runs_on_behind_a_second_interrupt():
    """While the tasks come to their end, another Ctrl-C changes nothing."""
    running = []

    def task(i):
        running.append(i)
        while not threads.stopping.is_set():
            time.sleep(0.001)
        if i == 0:
            signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
        time.sleep(0.1)
        running.remove(i)

    def press():
        while len(running) < 2:
            time.sleep(0.001)
        time.sleep(0.02)  # all are handed out
        while not threads.stopping.is_set():  # Python drops an interrupt inside of a destructor
            signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
            threads.stopping.wait(5)

    with Threads(2, 2) as threads:
        barrier = threading.Barrier(2)
        threads.map(lambda _: barrier.wait(10), range(2))  # both threads are there
        threading.Thread(target=press).start()
        with pytest.raises(KeyboardInterrupt):
            threads.map(task, range(2))
    assert running == []


def test_an_error_of_a_task_is_no_time_limit():
    def task(i):
        if i == 1:
            raise TimeoutError("of the task")
        time.sleep(2 * CTRL_C_SECONDS)

    with Threads(2, 2) as threads, pytest.raises(TimeoutError, match="of the task"):
        threads.map(task, range(2))


def test_ctrl_c_is_seen_after_another_library_has_touched_the_handler():
    """As Polars does."""
    signal.siginterrupt(signal.SIGINT, False)
    try:
        test_nothing_runs_on_behind_a_second_interrupt()
    finally:
        signal.siginterrupt(signal.SIGINT, True)


def test_an_interrupt_while_tasks_are_handed_out_ends_those_that_run(monkeypatch):
    done, handed_out = [], []

    def task(i):
        if threads.stopping.wait(10):
            done.append(i)

    with Threads(2, 2) as threads:
        submit = threads._pool.submit

        def interrupted(function):
            if handed_out:
                raise KeyboardInterrupt
            handed_out.append(function)
            return submit(function)

        monkeypatch.setattr(threads._pool, "submit", interrupted)
        with pytest.raises(KeyboardInterrupt):
            threads.map(task, range(2))
    assert done == [0]


def test_no_threads_for_a_single_task():
    with Threads(-1, 1) as threads:
        assert threads.map(lambda _: threading.current_thread(), [0]) == [threading.main_thread()]


def test_cores_are_counted_when_there_is_work_for_them(monkeypatch):
    calls = []

    def count(n_jobs):
        calls.append(n_jobs)
        return 2

    monkeypatch.setattr("skdnn.training.threads.count_threads", count)
    with Threads(None, 4) as threads:
        assert threads.map(abs, [-1]) == [1]
        assert calls == []
        assert threads.map(abs, [-1, -2]) == [1, 2]
    assert calls == [None]


def test_no_threads_at_all_is_an_error_at_once():
    with pytest.raises(ValueError, match="n_jobs == 0"):
        Threads(0, 4)


def test_what_a_task_does_alone_stops_with_the_others():
    threads = Threads(2, 2)
    threads.stopping.set()
    assert threads.alone().stopping.is_set()
    assert threads.alone().n_threads == 1


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


@pytest.fixture
def cores(monkeypatch):
    """A machine of eight cores, whatever OpenMP and joblib are told here."""
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr("skdnn.training.threads.cpu_count", lambda: 8)
    monkeypatch.setattr("joblib._parallel_backends.cpu_count", lambda: 8)


#: n_jobs -> threads on eight cores.
N_THREADS = {None: 8, 1: 1, 2: 2, 20: 20, -1: 8, -2: 7, -9: 1}


def counts(each=tuple(N_THREADS)):
    """Threads, with any warning as an error: pytest's filters end at a process of its own."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return {n_jobs: count_threads(n_jobs) for n_jobs in each}


def test_number_of_threads(cores):
    assert counts() == N_THREADS


def test_a_daemonic_process_has_threads(cores):
    with multiprocessing.get_context("fork").Pool(1) as pool:
        assert pool.apply(counts) == N_THREADS


class Cluster(ParallelBackendBase):
    """Cores elsewhere, as those of Dask and Ray."""

    supports_sharedmem = False

    def effective_n_jobs(self, n_jobs):
        return 1000


@pytest.mark.parametrize("backend", ["loky", "multiprocessing", "threading", Cluster()])
def test_what_joblib_is_told(cores, backend):
    with parallel_config(backend, verbose=100):
        assert counts() == N_THREADS
    with parallel_config(backend, n_jobs=3):
        assert counts() == {**N_THREADS, None: 3}
    with parallel_config(backend, n_jobs=-2):
        assert counts() == {**N_THREADS, None: 7}


@pytest.mark.parametrize(
    "wish", [{"prefer": "processes"}, {"prefer": "threads"}, {"require": "sharedmem"}], ids=str
)
def test_a_wish_for_workers_changes_no_number(cores, wish):
    with parallel_config(**wish, n_jobs=3):
        assert counts() == {**N_THREADS, None: 3}


@pytest.mark.parametrize("backend", ["loky", "multiprocessing", "threading"])
def test_none_is_one_thread_in_a_worker(backend):
    [found, _] = Parallel(2, backend=backend)(delayed(counts)((None, 2)) for _ in range(2))
    assert found == {None: 1, 2: 2}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("3", 3),
        (" 3 ", 3),
        ("3,2", 3),
        ("100", 8),
        ("0", 8),
        ("-1", 8),
        ("", 8),
        ("a", 8),
        ("²", 8),
    ],
)
def test_threads_of_openmp(cores, monkeypatch, value, expected):
    monkeypatch.setenv("OMP_NUM_THREADS", value)
    assert count_threads(None) == expected
    assert count_threads(5) == 5

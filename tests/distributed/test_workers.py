"""Faults during a fit: an error that names the worker, nothing hangs, nothing is left behind."""

import os
import signal
import threading
import time
from contextlib import contextmanager, suppress
from errno import ENOSPC

import numpy as np
import pytest
from lazy import lazy_table, mixed_table, rows_on_workers

da = pytest.importorskip("dask.array")
distributed = pytest.importorskip("distributed")

from skdnn.distributed import DaskDNNClassifier, DaskDNNRegressor  # noqa: E402

FAST = {"hidden_layer_sizes": (16,), "max_iter": 4, "random_state": 0}
#: Ends only if it is ended.
ENDLESS = {**FAST, "max_iter": 10**6}
LIMIT = 90


def trainings():
    """Names of the trainings of a process."""
    from skdnn.distributed import _remote

    return sorted(_remote._running.stopped)


def left_behind():
    """What a training may leave in a process: names of threads, ports, trainings."""
    import psutil

    names = sorted(each.name for each in threading.enumerate() if "skdnn" in each.name)
    found = psutil.Process().net_connections()
    return names, sum(each.status == psutil.CONN_LISTEN for each in found), trainings()


@contextmanager
def when_training(cluster, action, workers=all):
    """Call ``action(client)`` in a thread as soon as all workers train, or any."""

    def wait():
        with distributed.Client(cluster, set_as_default=False) as client:
            end = time.monotonic() + LIMIT
            while time.monotonic() < end and not workers(client.run(trainings).values()):
                time.sleep(0.05)
            time.sleep(0.3)
            action(client)

    thread = threading.Thread(target=wait)
    thread.start()
    yield
    thread.join()


def kill(client, address):
    os.kill(client.run(os.getpid, workers=[address])[address], signal.SIGKILL)


def wait_until_free(client):
    end = time.monotonic() + LIMIT
    while any(client.run(trainings).values()) or any(client.processing().values()):
        assert time.monotonic() < end
        time.sleep(0.05)


# ---------------------------------------------------------------- lost workers


@pytest.mark.parametrize("rank", [0, 1])
def test_a_worker_that_is_killed_is_named(cluster, client, rank):
    X, y, addresses = rows_on_workers(client, (200, 200))
    model = DaskDNNRegressor(**FAST).fit(np.ones((20, 3)), np.arange(20.0))
    before = model.coefs_[0][0].copy()
    model.set_params(**ENDLESS)
    start = time.monotonic()
    with (
        when_training(cluster, lambda other: kill(other, addresses[rank])),
        pytest.raises(RuntimeError, match=rf"the worker {addresses[rank]} "),
    ):
        model.fit(X, y)
    assert time.monotonic() - start < LIMIT
    assert np.array_equal(model.coefs_[0][0], before)
    client.wait_for_workers(2)
    wait_until_free(client)
    again, targets, _ = rows_on_workers(client, (200, 200), seed=1)
    assert model.set_params(**FAST).fit(again, targets).n_iter_ == 4


def test_the_training_goes_on_with_more_than_half_of_the_rows(cluster, client):
    X, y, addresses = rows_on_workers(client, (300, 100))
    # Not more epochs than can be run again after the loss.
    model = DaskDNNRegressor(**{**FAST, "max_iter": 1500}, on_worker_lost="continue")
    with (
        when_training(cluster, lambda other: kill(other, addresses[1])),
        pytest.warns(UserWarning, match=rf"{addresses[1]} .* again with 300 of 400 rows"),
    ):
        model.fit(X, y)
    assert model.n_iter_ == 1500


def test_others_read_the_partitions_of_a_lost_worker(cluster, client):
    X = da.random.default_rng(0).normal(size=(400, 3), chunks=(100, 3))
    first = min(client.nthreads())
    model = DaskDNNRegressor(**{**FAST, "max_iter": 1500}, on_worker_lost="continue")
    with (
        when_training(cluster, lambda other: kill(other, first)),
        pytest.warns(UserWarning, match=rf"{first} .* again with 400 of 400 rows"),
    ):
        model.fit(X, X.sum(axis=1))
    assert model.n_iter_ == 1500


def test_the_training_does_not_go_on_with_less(cluster, client):
    X, y, addresses = rows_on_workers(client, (100, 300))
    with (
        when_training(cluster, lambda other: kill(other, addresses[1])),
        pytest.raises(RuntimeError, match="The others have 100 of 400 rows, not more than half"),
    ):
        DaskDNNRegressor(**ENDLESS, on_worker_lost="continue").fit(X, y)


def test_a_scheduler_that_goes_away_is_named():
    cluster = distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0"
    )
    address = cluster.scheduler_address
    try:
        # Seconds after which Dask gives up to reconnect.
        with distributed.Client(cluster, timeout=3) as client:
            X, y, _ = rows_on_workers(client, (200, 200))
            model = DaskDNNRegressor(**ENDLESS, client=client)
            start = time.monotonic()
            with (
                when_training(cluster, lambda other: cluster.sync(cluster.scheduler.close)),
                pytest.raises(RuntimeError, match=f"to the scheduler {address} was lost"),
            ):
                model.fit(X, y)
            assert time.monotonic() - start < LIMIT
            assert not hasattr(model, "coefs_")
    finally:
        # Without a scheduler it waits for nothing.
        with suppress(TimeoutError):
            cluster.close(timeout=3)
        # It does not come to that itself, and would warn when it is collected.
        cluster.status = distributed.Status.closed


# ---------------------------------------------------------------- errors of tasks


def full_disk(part):
    raise OSError(ENOSPC, "No space left on device")


def test_a_full_disk_is_reported_with_the_worker(client):
    X, y = lazy_table(*mixed_table(100))
    broken = X.map_partitions(full_disk, meta=X._meta)
    with pytest.raises(
        RuntimeError, match=r"worker tcp://\S+ has failed: OSError: .*No space left"
    ):
        DaskDNNClassifier(**FAST).fit(broken, y)


def test_an_error_in_the_training_is_reported_with_the_worker(client, monkeypatch):
    X, y, addresses = rows_on_workers(client, (200, 200))

    def break_second():
        from skdnn.distributed import _remote

        def fail(*args, **kwargs):
            raise OSError(ENOSPC, "No space left on device")

        _remote.fit_shard = fail

    def repair():
        from skdnn.distributed import _fit, _remote

        _remote.fit_shard = _fit.fit_shard

    client.run(break_second, workers=[addresses[1]])
    try:
        with pytest.raises(RuntimeError, match=f"worker {addresses[1]} has failed: OSError"):
            DaskDNNRegressor(**ENDLESS).fit(X, y)
    finally:
        client.run(repair)
    wait_until_free(client)


def test_an_error_of_the_data_has_a_note_of_the_worker(client):
    X, y, addresses = rows_on_workers(client, (200, 200))
    X = da.where(X > 3.5, X, np.inf)
    with pytest.raises(ValueError, match="infinity") as raised:
        DaskDNNRegressor(**FAST).fit(X, y)
    [note] = raised.value.__notes__
    assert any(address in note for address in addresses)


# ---------------------------------------------------------------- interrupts, several fits


def test_ctrl_c_ends_the_training(cluster, client):
    X, y, _ = rows_on_workers(client, (200, 200))
    model = DaskDNNRegressor(**ENDLESS)
    with (
        when_training(cluster, lambda other: os.kill(os.getpid(), signal.SIGINT)),
        pytest.raises(KeyboardInterrupt),
    ):
        model.fit(X, y)
    assert not hasattr(model, "coefs_")
    wait_until_free(client)
    assert model.set_params(**FAST).fit(X, y).n_iter_ == 4


def test_ctrl_c_ends_the_training_of_a_single_worker(cluster, client):
    X, y = lazy_table(*mixed_table(200), 1)
    with (
        when_training(cluster, lambda other: os.kill(os.getpid(), signal.SIGINT), workers=any),
        pytest.raises(KeyboardInterrupt),
    ):
        DaskDNNClassifier(**ENDLESS).fit(X, y)
    wait_until_free(client)


def test_two_fits_at_once_do_not_wait_for_each_other(client):
    X, y = client.persist(list(lazy_table(*mixed_table(300))))
    models = [DaskDNNClassifier(**FAST, client=client) for _ in range(4)]
    threads = [threading.Thread(target=model.fit, args=(X, y)) for model in models]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LIMIT)
        assert not thread.is_alive()
    rows, _ = mixed_table(300)
    for model in models[1:]:
        assert np.array_equal(model.predict_proba(rows), models[0].predict_proba(rows))


def test_nothing_is_left_on_the_workers(client):
    X, y = client.persist(list(lazy_table(*mixed_table(300))))
    before = client.run(left_behind)
    DaskDNNClassifier(**FAST).fit(X, y)
    wait_until_free(client)
    after = client.run(left_behind)
    assert after == before
    assert all(not names and not running for names, _, running in after.values())


def known_tasks(client):
    """Names of all tasks that the scheduler knows."""
    return client.run_on_scheduler(lambda dask_scheduler: [*map(str, dask_scheduler.tasks)])


@pytest.mark.parametrize("is_persisted", [True, False])
def test_an_error_that_is_kept_keeps_no_partitions(client, is_persisted):
    """As in a notebook, which has the traceback of the last error."""
    X, y = lazy_table(*mixed_table(300))
    y = y.where(X["size"] < 2, None)
    if is_persisted:
        X, y = client.persist([X, y])
        distributed.wait([X, y])
    before = known_tasks(client)
    try:
        DaskDNNClassifier(**FAST).fit(X, y)
    except ValueError:
        end = time.monotonic() + LIMIT
        while set(known_tasks(client)) - set(before):
            assert time.monotonic() < end, known_tasks(client)
            time.sleep(0.05)
    else:
        pytest.fail("no error")

"""Sums over sockets, and what happens when a worker is lost."""

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import AuthenticationError, get_context

import numpy as np
import pytest
from groups import KEY, run

from skdnn.distributed._group import WorkerLostError, broadcast, gather
from skdnn.distributed._sockets import Listening, SocketGroup


@pytest.fixture(autouse=True)
def nothing_is_left():
    before = set(threading.enumerate())
    yield
    left = set(threading.enumerate()) - before
    for thread in left:
        thread.join(5)
    assert not any(thread.is_alive() for thread in left)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", [1, 2, 5])
def test_all_workers_get_the_same_sum_in_the_order_of_the_ranks(size, dtype):
    arrays = [np.random.default_rng(i).normal(size=(7, 3)).astype(dtype) for i in range(size)]
    expected = np.zeros((7, 3), dtype)
    for array in arrays:
        expected += array

    def add(group):
        return [group.allreduce(arrays[group.rank] * k) for k in (1, 2, 4)]

    for totals in run(add, size):
        for k, total in zip((1, 2, 4), totals, strict=True):
            assert total.dtype == dtype
            np.testing.assert_array_equal(total, expected * dtype(k))


@pytest.mark.parametrize("is_in_place", [True, False])
def test_a_sum_is_put_where_it_is_asked_for(is_in_place):
    def add(group):
        array = np.full(5, group.rank + 1.0)
        out = array if is_in_place else np.full(5, np.nan)
        # Twice, as the memory of the first message is used again.
        totals = [group.allreduce(array, out=out) is out for _ in range(2)]
        return totals, array, out

    for totals, array, out in run(add, 3):
        assert all(totals)
        np.testing.assert_array_equal(out, 18.0 if is_in_place else 6.0)
        assert is_in_place or array.max() == array.min() <= 3


def test_large_messages_in_both_directions():
    def add(group):
        return [group.allreduce(np.full(2_000_000, group.rank + 1.0)) for _ in range(3)]

    for totals in run(add, 3):
        assert all((total == 6).all() for total in totals)


def test_empty_arrays_and_arrays_that_are_not_contiguous():
    def add(group):
        empty = group.allreduce(np.empty((0, 3)))
        return empty.shape, group.allreduce(np.arange(6.0).reshape(2, 3).T)

    for shape, total in run(add, 2):
        assert shape == (0, 3)
        np.testing.assert_array_equal(total, 2 * np.arange(6.0).reshape(2, 3).T)


def test_broadcast_and_gather():
    def both(group):
        rows = np.arange(group.rank * 2.0).reshape(-1, 2) + group.rank
        return broadcast(group, np.array([group.rank + 5.0])), gather(group, rows)

    for first, rows in run(both, 3):
        assert first == [5]
        np.testing.assert_array_equal(rows[0], np.empty((0, 2)))
        np.testing.assert_array_equal(rows[1], [[1, 2]])
        np.testing.assert_array_equal(rows[2], [[2, 3], [4, 5]])


@pytest.mark.parametrize("lost", [0, 1, 2])
def test_a_worker_that_leaves_ends_the_others(lost):
    def leave(group):
        group.allreduce(np.ones(3))
        if group.rank == lost:
            return None
        with pytest.raises(WorkerLostError, match=f"rank {lost} ") as raised:
            group.allreduce(np.ones(3))
        with pytest.raises(WorkerLostError, match=f"rank {lost} "):
            group.allreduce(np.ones(3))  # still
        return raised.value.rank

    found = run(leave, 3)
    assert [each for i, each in enumerate(found) if i != lost] == [lost, lost]


def test_workers_may_leave_one_after_the_other():
    def last(group):
        total = group.allreduce(np.ones(2_000_000))
        return total[-1]

    assert run(last, 4) == [4, 4, 4, 4]


def test_messages_of_different_sizes_are_an_error():
    def add(group):
        return group.allreduce(np.ones(3 + group.rank))

    first, second = run(add, 2)
    assert "sent 32 bytes, but 24 were expected" in str(first)
    assert "sent 24 bytes, but 32 were expected" in str(second)
    first, *others = run(add, 3)
    assert "sent 32 bytes, but 24 were expected" in str(first)
    assert all(isinstance(other, WorkerLostError) for other in others)


def test_a_silent_worker_is_lost_but_not_one_that_computes():
    def add(group):
        if group.rank == 1:
            time.sleep(1.0)  # its heart beats
        if group.rank == 2:
            with group._peers[0].sending:  # its heart stops
                time.sleep(2.0)
            return None
        return group.allreduce(np.ones(3))

    first, second, _ = run(add, 3, timeout=0.5)
    for error in (first, second):
        assert isinstance(error, WorkerLostError)
        assert error.rank == 2
    assert "not heard of for 0.5 seconds" in str(first)


def test_a_worker_that_computes_longer_than_the_time_limit():
    def add(group):
        if group.rank == 1:
            time.sleep(1.0)
        return group.allreduce(np.ones(3))[0]

    assert run(add, 3, timeout=0.4) == [3, 3, 3]


def test_workers_with_another_key_do_not_join():
    listener = Listening("127.0.0.1")

    def serve():
        with pytest.raises(WorkerLostError, match="rank 1 has not joined the group within 1 sec"):
            SocketGroup.serve(listener, 3, KEY, 1.0)

    with ThreadPoolExecutor(1) as pool:
        served = pool.submit(serve)
        with pytest.raises(AuthenticationError):
            SocketGroup.join(listener.address, 1, 3, b"another key", 5.0)
        with pytest.raises(AuthenticationError):
            SocketGroup.join(listener.address, 1, 4, KEY, 5.0)
        served.result()
    with pytest.raises(WorkerLostError, match="rank 0 cannot be reached"):
        SocketGroup.join(listener.address, 1, 2, KEY, 1.0)


def test_a_stranger_does_not_keep_the_workers_from_joining():
    listener = Listening("127.0.0.1")
    with ThreadPoolExecutor(1) as pool, socket.create_connection(listener.address) as stranger:
        stranger.sendall(b"GET / HTTP/1.1\r\n\r\n" + bytes(100))
        served = pool.submit(SocketGroup.serve, listener, 2, KEY, 20.0)
        with SocketGroup.join(listener.address, 1, 2, KEY, 20.0), served.result() as first:
            assert first.size == 2


def _die(address):
    group = SocketGroup.join(address, 1, 2, KEY, 30.0)
    group.allreduce(np.ones(3))
    import os

    os._exit(1)


def test_a_process_that_dies_is_noticed_at_once():
    listener = Listening("127.0.0.1")
    process = get_context("spawn").Process(target=_die, args=(listener.address,))
    process.start()
    with SocketGroup.serve(listener, 2, KEY, 60.0) as group:
        group.allreduce(np.ones(3))
        start = time.monotonic()
        with pytest.raises(WorkerLostError, match="rank 1 has closed its connection"):
            group.allreduce(np.ones(3))
        assert time.monotonic() - start < 30  # not the time limit
    process.join()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(listener.address, 1)

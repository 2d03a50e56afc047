"""Fits of several workers, which are threads."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from skdnn.distributed._sockets import Listening, SocketGroup

KEY = b"a key"
FAST = {"max_iter": 4, "hidden_layer_sizes": (12,), "n_members": 2, "n_jobs": 1, "random_state": 0}


def run(function, size, timeout=60.0):
    """``function(group)`` in a thread for each worker; results or errors by rank."""
    listener = Listening("127.0.0.1")

    def work(rank):
        try:
            if rank == 0:
                group = SocketGroup.serve(listener, size, KEY, timeout)
            else:
                group = SocketGroup.join(listener.address, rank, size, KEY, timeout)
            with group:
                return function(group)
        except Exception as error:
            return error

    with ThreadPoolExecutor(size) as pool:
        return list(pool.map(work, range(size)))


def assert_same_model(first, second):
    np.testing.assert_array_equal(first._model.network.values, second._model.network.values)
    np.testing.assert_array_equal(first.member_weights_, second.member_weights_)
    for name in ("loss_curve_", "validation_loss_curve_", "validation_scores_", "n_iter_"):
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))
    for a, b in zip(first._model.scores[:2], second._model.scores[:2], strict=True):
        np.testing.assert_array_equal(a, b)

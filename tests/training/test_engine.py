"""Sums have the same bits wherever their arrays are in memory."""

import numpy as np
import pytest
from encoded import make_spec, random_network
from engines import make_rows

from skdnn.training.arguments import side_by_side
from skdnn.training.engine import mean_loss


def free_neighbors(size, rng):
    """Free arrays beside each other, in any order: the next ones of this size are put there."""
    arrays = sorted((np.empty(size) for _ in range(200)), key=lambda each: each.ctypes.data)
    starts = np.array([each.ctypes.data for each in arrays])
    first = int(np.argmin(starts[6:] - starts[:-6]))
    freed = arrays[first : first + 7]
    del arrays[first : first + 7]
    rng.shuffle(freed)
    while freed:
        freed.pop()


@pytest.mark.parametrize("n_rows", [5, 15, 25, 40])
def test_the_mean_loss_does_not_depend_on_addresses(n_rows):
    rng = np.random.default_rng(0)
    network = random_network(rng, make_spec(scaled=False))
    for _ in range(20):
        raw, y = rng.normal(size=(2, n_rows, 1))
        rows, found = make_rows(np.zeros((n_rows, 1)), y, dtype=float), set()
        for _ in range(10):
            free_neighbors(n_rows, rng)
            found.add(mean_loss(network, raw, rows))
        assert len(found) == 1


def test_arrays_side_by_side():
    first, second, third = side_by_side(np.dtype("float32"), 3, 0, 4)
    assert [each.size for each in (first, second, third)] == [3, 0, 4]
    start = first.__array_interface__["data"][0]
    assert third.__array_interface__["data"][0] == start + 12
    assert first.dtype == np.float32

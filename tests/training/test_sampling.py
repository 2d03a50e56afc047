import numpy as np
import pytest

from skdnn.training.sampling import RowOrder, Window, draw_seeds


def test_seeds_depend_on_the_random_state_and_differ():
    def seeds(seed):
        return draw_seeds(np.random.RandomState(seed))

    assert seeds(0) == seeds(0)
    assert seeds(0) != seeds(1)
    assert len({seeds(0).order, seeds(0).dropout, seeds(0).start}) == 3
    instance = np.random.RandomState(0)
    assert draw_seeds(instance) != draw_seeds(instance)


@pytest.mark.parametrize("n_rows", [1, 2, 1000])
def test_order_is_a_permutation_that_epoch_and_seed_decide(n_rows):
    order = RowOrder(5, n_rows, shuffle=True)
    third = order(3)
    assert third.dtype == np.int64
    np.testing.assert_array_equal(np.sort(third), np.arange(n_rows))
    if n_rows > 2:
        assert not np.array_equal(third, order(4))
        assert not np.array_equal(third, RowOrder(6, n_rows, shuffle=True)(3))


@pytest.mark.parametrize("n_rows", [7, 1000])
def test_order_does_not_depend_on_what_was_asked_before(n_rows):
    """It is that of a new generator, whose counter begins at the epoch."""
    order = RowOrder(2**63 + 1, n_rows, shuffle=True)
    for epoch in (0, 7, 1, 10**6, 7):
        bits = np.random.Philox(key=2**63 + 1, counter=[0, 0, 0, epoch])
        expected = np.random.Generator(bits).permutation(n_rows)
        np.testing.assert_array_equal(order(epoch), expected)


def test_without_shuffling_the_order_is_that_of_the_data():
    np.testing.assert_array_equal(RowOrder(5, 4, shuffle=False)(3), [0, 1, 2, 3])


def test_every_row_comes_first_equally_often():
    order = RowOrder(1, 10, shuffle=True)
    first = np.bincount([order(epoch)[0] for epoch in range(5000)], minlength=10)
    assert np.abs(first - 500).max() < 5 * np.sqrt(500)


@pytest.mark.parametrize("n_rows", [1, 99, 1000])
def test_windows_have_each_row_once_and_depend_on_epoch_and_seed(n_rows):
    order = RowOrder(5, n_rows, shuffle=True, window=Window(10, 4))
    third = order(3)
    assert third.dtype == np.int64
    np.testing.assert_array_equal(np.sort(third), np.arange(n_rows))
    order(7)
    np.testing.assert_array_equal(third, order(3))
    if n_rows > 1:
        assert not np.array_equal(third, order(4))


def test_a_window_has_the_rows_of_some_blocks_in_any_order():
    order = RowOrder(0, 1000, shuffle=True, window=Window(10, 4))(0)
    for rows in order.reshape(-1, 40):
        assert np.unique(rows // 10).size == 4
        assert (np.diff(rows) != 1).any()
    blocks = np.unique(order[:40] // 10)
    assert not np.array_equal(blocks, np.arange(blocks[0], blocks[0] + 4))


def test_windows_are_not_used_without_shuffling():
    order = RowOrder(0, 50, shuffle=False, window=Window(10, 4))(0)
    np.testing.assert_array_equal(order, np.arange(50))

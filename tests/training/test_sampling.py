import numpy as np
import pytest

from skdnn.training.sampling import draw_seeds, row_order


def test_seeds_depend_on_the_random_state_and_differ():
    def seeds(seed):
        return draw_seeds(np.random.RandomState(seed))

    assert seeds(0) == seeds(0)
    assert seeds(0) != seeds(1)
    assert len({seeds(0).order, seeds(0).dropout, seeds(0).split}) == 3
    instance = np.random.RandomState(0)
    assert draw_seeds(instance) != draw_seeds(instance)


@pytest.mark.parametrize("n_rows", [1, 2, 1000])
def test_order_is_a_permutation_that_epoch_and_seed_decide(n_rows):
    order = row_order(5, 3, n_rows, shuffle=True)
    assert order.dtype == np.int64
    np.testing.assert_array_equal(np.sort(order), np.arange(n_rows))
    np.testing.assert_array_equal(order, row_order(5, 3, n_rows, shuffle=True))
    if n_rows > 2:
        assert not np.array_equal(order, row_order(5, 4, n_rows, shuffle=True))
        assert not np.array_equal(order, row_order(6, 3, n_rows, shuffle=True))


def test_without_shuffling_the_order_is_that_of_the_data():
    np.testing.assert_array_equal(row_order(5, 3, 4, shuffle=False), [0, 1, 2, 3])


def test_every_row_comes_first_equally_often():
    first = np.bincount([row_order(1, epoch, 10, True)[0] for epoch in range(5000)], minlength=10)
    assert np.abs(first - 500).max() < 5 * np.sqrt(500)

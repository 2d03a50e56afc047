"""Means of the values of several workers, which are threads here."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from groups import run

from skdnn.distributed._averages import Averages
from skdnn.network.network import Network
from skdnn.network.spec import NetworkSpec
from skdnn.training.engine import NonFiniteLossError

SHARES = [0.5, 0.3, 0.2]
SPEC = NetworkSpec((3, 4, 2), "relu", (0.0, 0.0), "squared_error")


def network(dtype=np.float64, n_members=3):
    values = np.random.default_rng(0).normal(size=n_members * 26).astype(dtype)
    return Network([SPEC] * n_members, values)


def make_round(averages, executor, members=(0, 1, 2), train=lambda member: None):
    averages.begin(executor)
    for member in members:
        train(member)
        averages.add(member)
    averages.end()


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_mean_is_weighted_whatever_the_order_of_the_members(order, dtype):
    start = network(dtype).values
    changes = np.random.default_rng(1).normal(size=(2, 3, start.size)).astype(dtype)

    def train(group):
        own = network(dtype)
        averages = Averages(own, group, SHARES[group.rank])
        with ThreadPoolExecutor(1) as executor:
            for change in changes[:, group.rank].reshape(2, 3, -1):

                def train(member, change=change):
                    own.of_member(member)[...] += change[member]

                # Workers with several threads end in different orders.
                members = order[group.rank :] + order[: group.rank]
                make_round(averages, executor, members, train)
        return own.values

    first, *others = run(train, 3)
    expected = start + np.einsum("w,rwi->i", SHARES, changes)
    np.testing.assert_allclose(first, expected, rtol=1e-5)
    assert first.dtype == dtype
    for other in others:
        np.testing.assert_array_equal(other, first)


def test_values_that_do_not_change_keep_their_bits():
    def train(group):
        own = network(np.float32)
        averages = Averages(own, group, 1 / 3)
        with ThreadPoolExecutor(1) as executor:
            for _ in range(100):
                make_round(averages, executor)
        return own.values

    for values in run(train, 3):
        np.testing.assert_array_equal(values, network(np.float32).values)


@pytest.mark.parametrize("n_trained", [0, 1, 2])
def test_a_member_that_has_failed_is_an_error_of_all_workers(n_trained):
    def train(group):
        own = network()
        averages = Averages(own, group, 0.5)
        with ThreadPoolExecutor(1) as executor:
            with pytest.raises(NonFiniteLossError):
                make_round(averages, executor, range(3 if group.rank == 0 else n_trained))
            # The next round is another one.
            make_round(averages, executor)
        return own.values

    for values in run(train, 2):
        np.testing.assert_array_equal(values, network().values)

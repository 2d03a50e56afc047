"""Weights of members that share held-out rows."""

import numpy as np
import pytest
from engines import make_rows
from scipy.special import expit

from skdnn.network.network import Network
from skdnn.network.spec import NetworkSpec
from skdnn.training.pooling import Pool
from skdnn.training.stacking import PRIOR, STEP, Judges, member_weights
from skdnn.training.threads import Threads

#: Slopes of the members: the first is right.
SLOPES = [2.0, 1.2, -0.5]


def slopes_network(loss, slopes=SLOPES, dtype=np.float64):
    """Members that predict a slope times the only number of a row, without a hidden layer."""
    spec = NetworkSpec((1, 1), "identity", (0.0,), loss)
    values = np.array([[slope, 0.0] for slope in slopes], dtype=dtype)
    return Network([spec] * len(slopes), values.ravel())


def held_out(loss, n_rows, dtype=np.float64, weights=None, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n_rows)
    if loss == "binary_log_loss":
        y = rng.random(n_rows) < expit(SLOPES[0] * x)
    elif loss == "poisson":
        y = rng.poisson(np.exp(SLOPES[0] * x))
    else:
        y = SLOPES[0] * x + rng.normal(size=n_rows)
    return make_rows(x[:, None], y.astype(dtype), weights, dtype=dtype), x, y


def found(network, rows, members=(0, 1, 2)):
    with Threads(1, 1) as threads:
        return member_weights(
            network, [Judges(list(members), [rows] * len(members))], threads, Pool()
        )


def twin_cost(loss, x, y, share):
    """Negative log-posterior of the weights (1 - share, share) of the first two members."""
    weights = np.stack([1 - share, share])
    raw = np.outer(SLOPES[:2], x)
    if loss == "binary_log_loss":
        p = np.tensordot(expit(raw), weights, axes=(0, 0))
        cost = -np.log(np.where(y[:, None], p, 1 - p)).sum(axis=0)
    else:
        error = np.tensordot(raw, weights, axes=(0, 0)) - y[:, None]
        cost = len(x) / 2 * np.log((error**2).mean(axis=0) / 2)
    return cost - PRIOR * np.log(weights).sum(axis=0)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n_rows", [8, 40, 300])
@pytest.mark.parametrize("loss", ["squared_error", "binary_log_loss"])
def test_the_weights_have_the_largest_posterior_density(loss, n_rows, dtype):
    rows, x, y = held_out(loss, n_rows, dtype)
    weights = found(slopes_network(loss, SLOPES[:2], dtype), rows, (0, 1))
    shares = np.linspace(1e-4, 1 - 1e-4, 5_000)
    best = shares[twin_cost(loss, x, y, shares).argmin()]
    assert weights[1] == pytest.approx(best, abs=2e-3)


@pytest.mark.parametrize("loss", ["squared_error", "absolute_error", "poisson", "binary_log_loss"])
def test_the_right_member_gets_the_weight(loss):
    rows, _, _ = held_out(loss, 500)
    weights = found(slopes_network(loss), rows)
    assert weights.sum() == pytest.approx(1)
    assert weights[0] > 0.6
    assert weights[2] < 0.1
    assert (weights >= STEP / 3 / 1.01).all()


def test_few_rows_say_little():
    rows, _, _ = held_out("binary_log_loss", 4)
    assert np.ptp(found(slopes_network("binary_log_loss"), rows)) < 0.3


def test_members_that_are_equal_have_equal_weights():
    rows, _, _ = held_out("squared_error", 50)
    assert found(slopes_network("squared_error", [1.0, 1.0]), rows, (0, 1)) is None


def test_the_unit_of_the_target_is_irrelevant():
    rng = np.random.default_rng(1)
    x = rng.normal(size=80)
    y = 2 * x + rng.normal(size=80)
    weights = []
    for unit in (1.0, 1e-3):
        rows = make_rows(x[:, None], unit * y, None, dtype=np.float64)
        weights.append(found(slopes_network("squared_error", [unit * s for s in SLOPES]), rows))
    np.testing.assert_allclose(*weights, atol=2e-3)


def test_sample_weights_are_repeated_rows():
    """Of the loss; the effective number of rows is that of Kish, which equal weights keep."""
    rows, x, y = held_out("squared_error", 60)
    network = slopes_network("squared_error")
    removed = np.repeat([1.0, 0.0], 30)
    some = make_rows(x[:30, None], y[:30], None, dtype=np.float64)
    weighted = make_rows(x[:, None], y, removed, dtype=np.float64)
    np.testing.assert_allclose(found(network, weighted), found(network, some), atol=2e-3)
    tenfold = make_rows(x[:, None], y, np.full(60, 10.0), dtype=np.float64)
    np.testing.assert_array_equal(found(network, tenfold), found(network, rows))


def test_each_group_has_the_weight_of_its_size():
    rows, _, _ = held_out("squared_error", 200)
    network = slopes_network("squared_error", [2.0, 0.0, 0.0, 2.0, 1.0])
    judges = [Judges([0, 2], [rows] * 2), Judges([1, 3], [rows] * 2), Judges([4], [rows])]
    with Threads(1, 1) as threads:
        weights = member_weights(network, judges, threads, Pool())
        assert member_weights(network, judges[2:], threads, Pool()) is None
    assert weights[[0, 2]].sum() == pytest.approx(2 / 5)
    assert weights[4] == pytest.approx(1 / 5)
    assert weights[[0, 3]] == pytest.approx(weights[0])
    assert weights[0] > 5 * weights[2]


def test_predictions_that_are_not_finite_leave_equal_weights():
    rows, _, _ = held_out("squared_error", 30)
    assert found(slopes_network("squared_error", [np.inf, 1.0]), rows, (0, 1)) is None

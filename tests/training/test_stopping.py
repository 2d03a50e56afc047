import numpy as np

from skdnn.training.stopping import NoImprovement


def run(values, **kwargs):
    """Number of values taken until the patience is exhausted, and the object."""
    stopping = NoImprovement(**{"patience": 2, "tol": 0.1, "greater_is_better": False, **kwargs})
    for taken, value in enumerate(values, 1):
        stopping.update(value)
        if stopping.exhausted:
            return taken, stopping
    return None, stopping


def test_losses_must_fall_by_tol():
    taken, stopping = run([1.0, 0.95, 0.92, 0.91])
    assert taken == 4
    assert stopping.best == 0.91
    assert run([1.0, 0.9, 0.8, 0.7, 0.6])[0] is None


def test_scores_must_rise_by_tol():
    taken, stopping = run([0.5, 0.7, 0.75, 0.6, 0.7], greater_is_better=True)
    assert taken == 5
    assert stopping.best == 0.75


def test_update_reports_the_best():
    stopping = NoImprovement(3, 0.0, greater_is_better=True)
    assert [stopping.update(v) for v in (1.0, 1.0, 2.0, np.nan, 1.5)] == [
        True, True, True, False, False,
    ]  # fmt: skip
    assert stopping.best == 2.0


def test_nan_is_never_an_improvement():
    taken, stopping = run([np.nan] * 5)
    assert taken == 3
    assert stopping.best == np.inf


def test_infinite_patience_never_ends():
    assert run([1.0] * 1000, patience=np.inf)[0] is None


def test_values_of_two_measures_never_meet():
    """From the first NaN on the fallback is compared with that of the best epoch so far."""
    stopping = NoImprovement(3, 0.0, greater_is_better=True)
    assert stopping.update(0.9, -5.0)
    assert not stopping.update(0.8, -1.0)
    assert not stopping.update(np.nan, -6.0)
    assert stopping.has_fallen_back
    assert stopping.best == -5.0
    assert stopping.update(0.99, -4.0)
    assert stopping.best == -4.0


def test_without_a_fallback_nan_is_no_improvement():
    stopping = NoImprovement(3, 0.0, greater_is_better=True)
    assert stopping.update(0.5, -1.0)
    assert not stopping.update(np.nan, np.nan)
    assert (stopping.best, stopping.count, stopping.has_fallen_back) == (0.5, 1, False)


def test_an_epoch_that_cannot_be_the_best_is_it_until_the_first_that_can():
    stopping = NoImprovement(3, 0.0, greater_is_better=True)
    taken = [(0.7, False), (0.9, False), (0.8, False), (0.5, True), (0.6, False), (0.55, True)]
    improved = [stopping.update(value, can_be_best=allowed) for value, allowed in taken]
    assert improved == [True, True, False, True, False, True]
    assert stopping.best == 0.55


def test_patience_counts_all_epochs():
    """A better epoch that cannot be the best shows that the training goes on."""
    stopping = NoImprovement(2, 0.0, greater_is_better=True)
    stopping.update(0.5)
    counts = []
    for value in (0.4, 0.3, 0.6, 0.4):
        stopping.update(value, can_be_best=False)
        counts.append(stopping.count)
    assert counts == [1, 2, 0, 1]
    assert stopping.best == 0.5


def test_without_a_value_no_epoch_is_the_best():
    stopping = NoImprovement(2, 0.0, greater_is_better=True)
    assert stopping.update(0.5, can_be_best=False)
    assert not stopping.update(np.nan)
    assert stopping.best == 0.5
    assert stopping.update(0.4)
    assert stopping.best == 0.4

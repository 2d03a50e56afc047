import sys

import numpy as np
import pytest
from mlp import mlp_regressor
from sklearn.datasets import load_diabetes

from skdnn.training import loop
from skdnn.training.interrupts import finish_despite_interrupt


@pytest.mark.parametrize("interrupts", [0, 1, 3])
def test_an_interrupt_is_raised_when_all_is_written(interrupts):
    left, written = list(range(interrupts)), {}

    def write():
        written["first"] = 1
        if left:
            raise KeyboardInterrupt(left.pop())
        written["second"] = 2

    if interrupts:
        with pytest.raises(KeyboardInterrupt):
            finish_despite_interrupt(write)
    else:
        finish_despite_interrupt(write)
    assert written == {"first": 1, "second": 2}


def test_other_errors_are_raised_at_once():
    calls = []

    def write():
        calls.append(1)
        raise MemoryError

    with pytest.raises(MemoryError):
        finish_despite_interrupt(write)
    assert len(calls) == 1


def fit(interrupted_line):
    """A fit with Ctrl-C before a line of those that note down the fourth epoch; their number."""
    calls, lines = 0, 0

    def trace(frame, event, argument):
        nonlocal calls, lines
        code = frame.f_code
        if code.co_name != "write" or code.co_filename != loop.__file__:
            return None
        calls += event == "call"
        lines += event == "line" and calls == 4
        if event == "line" and calls == 4 and lines == interrupted_line:
            raise KeyboardInterrupt
        return trace

    X, y = load_diabetes(return_X_y=True)
    model = mlp_regressor(
        (5,), early_stopping=True, n_iter_no_change=np.inf, max_iter=6, learning_rate="cosine",
        learning_rate_init=0.1, random_state=0,
    )  # fmt: skip
    before = sys.gettrace()
    sys.settrace(trace)
    try:
        model.fit(X, y)
    finally:
        sys.settrace(before)
    return model, lines


def test_between_any_two_lines_that_note_down_an_epoch():
    """All of the epoch is there; the parameters are those of the best one so far."""
    whole, n_lines = fit(None)
    assert n_lines > 5
    expected = max(whole.validation_scores_[:4])
    for line in range(1, n_lines + 1):
        with pytest.warns(UserWarning, match="interrupted by user"):
            model, _ = fit(line)
        assert model.n_iter_ == 4
        assert model.t_ == whole.t_ // 6 * 4
        for name, curve in model.history_.items():
            if name != "seconds":
                assert curve == whole.history_[name][:4]
        assert len(model.history_["seconds"]) == 4
        assert model.best_validation_score_ == expected
        assert model._progress.stopping[0].best == expected
        np.testing.assert_array_equal(model._network.values, model._progress.best_values)

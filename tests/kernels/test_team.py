"""Threads that share steps: what each does, and what happens if one does not come."""

import threading

import numpy as np
import pytest

from skdnn._jit import JIT_DISABLED
from skdnn.kernels.team import ABORTED, BLOCKS, ROWS, Team, make_team, share, wait_for_all


@pytest.mark.parametrize("unit", [BLOCKS, ROWS])
@pytest.mark.parametrize("n_workers", [1, 2, 3, 7])
@pytest.mark.parametrize("n", [0, 1, 7, 8, 9, 100])
def test_shares_cover_everything_once_in_whole_units(n, n_workers, unit, compiled):
    bounds = [compiled(share)(member, n, unit) for member in make_team(n_workers, 1)]
    assert [first for first, _ in bounds] + [n] == [0] + [stop for _, stop in bounds]
    assert all(first % unit == 0 for first, stop in bounds if first < stop)


def test_a_thread_alone_does_not_wait(compiled):
    assert compiled(wait_for_all)(1, make_team(1, 1)[0].barrier)


needs_compiler = pytest.mark.skipif(
    JIT_DISABLED, reason="without compilation threads do not run at the same time"
)


@needs_compiler
def test_nobody_passes_before_all_are_there(compiled):
    wait = compiled(wait_for_all)
    barrier, passed = make_team(3, 1)[0].barrier, []

    def come():
        passed.append(wait(3, barrier))

    for _ in range(3):
        threads = [threading.Thread(target=come) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(0.05)
        assert passed == []
        assert wait(3, barrier)
        for thread in threads:
            thread.join()
        assert passed == [True, True]
        passed.clear()


@needs_compiler
def test_those_who_wait_give_up_when_they_are_told(compiled):
    wait, team, passed = compiled(wait_for_all), make_team(2, 1), []
    thread = threading.Thread(target=lambda: passed.append(wait(2, team[1].barrier)))
    thread.start()
    team[0].barrier[ABORTED] = 1
    thread.join()
    assert passed == [False]
    assert isinstance(team[0], Team)
    assert np.shares_memory(team[0].barrier, team[1].barrier)

"""The overhead on small problems: between which calls it is measured."""

import importlib.util
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_the_time_between_two_epochs_is_measured_at_each_call(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    spec = importlib.util.spec_from_file_location("bench_small", BENCHMARKS / "small.py")
    small = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(small)
    gaps = []
    monkeypatch.setattr(small.statistics, "median", lambda values: gaps.extend(values) or 0.0)
    resolved = small.engine.resolved
    small.between_epochs()
    assert small.engine.resolved is resolved
    assert len(gaps) == 999  # of a thousand epochs
    assert all(gap > 0 for gap in gaps)

"""What would limit BLAS is taken away, what else is set is told."""

import os
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def environment(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    from _speed import environment

    for name in (*environment.variables(), *environment.LIMITS):
        monkeypatch.delenv(name, raising=False)
    return environment


def test_a_limited_script_starts_anew_without_limits(environment, monkeypatch, capsys):
    calls = []
    monkeypatch.setattr(os, "execve", lambda *args: calls.append(args))
    monkeypatch.setattr(sys, "orig_argv", ["python", "-W", "error", "speed.py", "--cases", "X"])
    environment.start_anew_without_limits()
    assert calls == []
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    environment.start_anew_without_limits()
    [(program, arguments, variables)] = calls
    assert program == sys.executable
    assert arguments == [sys.executable, "-W", "error", "speed.py", "--cases", "X"]
    assert variables["OMP_NUM_THREADS"] == "2"
    assert {*os.environ} - {*variables} == {"OPENBLAS_CORETYPE"}
    assert capsys.readouterr().out.startswith("OPENBLAS_CORETYPE would limit BLAS")


def test_variables_are_in_the_line_of_the_machine(environment, monkeypatch):
    from _speed.machine import describe
    from _speed.tables import machine

    facts = describe()
    assert facts["blas"]
    assert "vector instructions: none." in machine(facts)
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")
    monkeypatch.setenv("MKL_DYNAMIC", "TRUE")
    text = machine(describe())
    assert "MKL_DYNAMIC=TRUE, OPENBLAS_NUM_THREADS=1." in text
    assert all(name in text for name in facts["blas"])
